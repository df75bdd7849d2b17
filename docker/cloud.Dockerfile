# syntax=docker/dockerfile:1
# The cloud: API, ingest, jobs, console and reports. Build from the repository's root after `make assets`:
#   docker build -f docker/cloud.Dockerfile -t ovoo-cloud .
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements/cloud.txt requirements/build.txt requirements/
RUN python -m venv /opt/ovoo && \
    /opt/ovoo/bin/pip install --no-cache-dir --require-hashes -r requirements/cloud.txt -r requirements/build.txt
# gcc compiles the kernels; it stays behind in this stage
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY contract contract
COPY packs packs
COPY models models
COPY cloud cloud
COPY dashboards dashboards
RUN /opt/ovoo/bin/pip install --no-cache-dir --no-deps --no-build-isolation ./contract ./packs ./models ./cloud ./dashboards && \
    /opt/ovoo/bin/pip uninstall -y cython setuptools

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/ovoo --create-home ovoo
COPY --from=build /opt/ovoo /opt/ovoo
USER 10001
WORKDIR /var/lib/ovoo
ENV PATH=/opt/ovoo/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
ENTRYPOINT ["ovoo-cloud"]
CMD ["serve", "--config", "/etc/ovoo/cloud.toml"]
