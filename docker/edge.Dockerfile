# syntax=docker/dockerfile:1
# The gateway agent, without any cloud dependency:
#   docker build -f docker/edge.Dockerfile -t ovoo-edge .
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY requirements/edge.txt requirements/build.txt requirements/
RUN python -m venv /opt/ovoo && \
    /opt/ovoo/bin/pip install --no-cache-dir --require-hashes -r requirements/edge.txt -r requirements/build.txt
COPY contract contract
COPY packs packs
COPY models models
COPY edge_agent edge_agent
RUN /opt/ovoo/bin/pip install --no-cache-dir --no-deps --no-build-isolation ./contract ./packs ./models ./edge_agent && \
    /opt/ovoo/bin/pip uninstall -y cython setuptools

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10002 --home-dir /var/lib/ovoo --create-home ovoo
COPY --from=build /opt/ovoo /opt/ovoo
USER 10002
WORKDIR /var/lib/ovoo
ENV PATH=/opt/ovoo/bin:$PATH PYTHONUNBUFFERED=1
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9108/health', timeout=4)"]
# the agent drains its sources and commits before it leaves
STOPSIGNAL SIGTERM
ENTRYPOINT ["ovoo-edge"]
CMD ["run", "--config", "/etc/ovoo/agent.toml"]
