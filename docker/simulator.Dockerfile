# syntax=docker/dockerfile:1
# A simulated plant for trying a site without one:
#   docker build -f docker/simulator.Dockerfile -t ovoo-simulator .
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY requirements/simulator.txt requirements/build.txt requirements/
RUN python -m venv /opt/ovoo && \
    /opt/ovoo/bin/pip install --no-cache-dir --require-hashes -r requirements/simulator.txt -r requirements/build.txt
COPY contract contract
COPY packs packs
COPY models models
COPY simulator simulator
RUN /opt/ovoo/bin/pip install --no-cache-dir --no-deps --no-build-isolation ./contract ./packs ./models ./simulator && \
    /opt/ovoo/bin/pip uninstall -y cython setuptools

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10003 --home-dir /var/lib/ovoo --create-home ovoo
COPY --from=build /opt/ovoo /opt/ovoo
USER 10003
WORKDIR /var/lib/ovoo
ENV PATH=/opt/ovoo/bin:$PATH PYTHONUNBUFFERED=1
ENTRYPOINT ["ovoo-simulator"]
CMD ["--help"]
