# Page: the console, built from its sources.
FROM node:22-bookworm-slim AS page
WORKDIR /source/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci
COPY web ./
RUN npm run build -- --outDir /page

# Build: an environment with the emulator and what it runs on, and nothing that only installs things.
FROM python:3.11-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils=2.40-* \
    && rm -rf /var/lib/apt/lists
WORKDIR /source
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY models ./models
COPY migrations ./migrations
COPY emulator ./emulator
COPY --from=page /page ./emulator/console/static
RUN python -m venv --without-pip /opt/custom-labels \
    && python -m pip --python /opt/custom-labels/bin/python install --no-cache-dir --prefer-binary .
COPY container ./container
RUN python container/slim.py environment /opt/custom-labels

# System: the same Python without what installs things, a user without rights, a place for data. pip has compiled the
# environment; the image's own standard library comes without bytecode, and whoever may not write would compile it at every start.
FROM python:3.11-slim-bookworm AS system
COPY container/slim.py /slim.py
RUN groupadd --gid 4598 custom-labels \
    && useradd --uid 4598 --gid 4598 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin custom-labels \
    && install --directory --owner=4598 --group=4598 --mode=0700 /data \
    && python /slim.py system / \
    && rm /slim.py \
    && python -m compileall -q --invalidation-mode unchecked-hash -x "/(site-packages|dist-packages)/" \
        "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

# Run: one layer of the system, so that what was removed weighs nothing, and that environment.
FROM scratch
# hadolint ignore=DL3067
COPY --from=system / /
COPY --from=build /opt/custom-labels /opt/custom-labels
# Only in a container does the emulator listen beyond loopback: what is reachable is decided by the published port.
ENV PATH=/opt/custom-labels/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    CUSTOM_LABELS_HOST=0.0.0.0 \
    CUSTOM_LABELS_PORT=4598 \
    CUSTOM_LABELS_DATA_DIR=/data
USER 4598:4598
WORKDIR /data
VOLUME ["/data"]
EXPOSE 4598
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --start-interval=1s --retries=3 \
    CMD ["custom-labels", "healthcheck"]
ENTRYPOINT ["custom-labels"]
CMD ["serve"]
