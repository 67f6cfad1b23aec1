# The gateway: the component and the host that serves it. Built with BuildKit (`docker build -t backend-shootout/gateway .`), run by
# docker-compose.yml, described in deploy/README.md.

ARG RUST_VERSION=1.95
ARG DEBIAN=trixie

FROM rust:${RUST_VERSION}-slim-${DEBIAN} AS build
WORKDIR /src
# In a layer of its own, so that it is not fetched again after each change of the sources.
RUN rustup target add wasm32-wasip2
COPY . .
# The caches keep what cargo fetched and compiled; what is needed from them has to be copied out in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo run --locked --package gateway-build \
    && cargo build --locked --package gateway-cli --bin gateway-host \
    && install -D -m 0644 target/wasm32-wasip2/release/gateway.wasm /out/app/target/wasm32-wasip2/release/gateway.wasm \
    && install -D -m 0644 spin.toml /out/app/spin.toml \
    && install -D -m 0755 deploy/docker/entrypoint.sh /out/app/entrypoint.sh \
    && install -D -s -m 0755 target/debug/gateway-host /out/usr/local/bin/gateway-host

FROM debian:${DEBIAN}-slim
COPY --from=build /out/ /
RUN install -d -o 10001 -g 10001 /data
# The key-value store and, below the home folder, compiled code: the only place the gateway writes to.
ENV HOME=/data GATEWAY_LISTEN=0.0.0.0:3000
VOLUME /data
WORKDIR /app
USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/bin/sh", "-c", "gateway-host health --url http://127.0.0.1:${GATEWAY_LISTEN##*:}"]
ENTRYPOINT ["/app/entrypoint.sh"]
