# The example backend bun-sqlite. Build context: examples/backends.

FROM node:24-trixie-slim AS install
WORKDIR /install
COPY bun-sqlite/package.json bun-sqlite/package-lock.json bun-sqlite/prepare-bun.mjs ./
# npm brings Bun; past this stage neither npm nor Node.js is needed.
RUN npm ci && node prepare-bun.mjs && install -D -m 0755 node_modules/bun/bin/bun.exe /out/usr/local/bin/bun

FROM debian:trixie-slim
COPY --from=install /out/ /
RUN install -d -o 10001 -g 10001 /data
COPY shared/ /app/shared/
COPY bun-sqlite/ /app/bun-sqlite/
WORKDIR /app/bun-sqlite
ENV HOST=0.0.0.0 PORT=3001 DATABASE=/data/tasks.db HOME=/tmp
VOLUME /data
USER 10001:10001
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["bun", "-e", "process.exit((await fetch(`http://127.0.0.1:${process.env.PORT}/health`)).ok ? 0 : 1)"]
# Not `npm start`: this way Bun is the first process and gets the signals.
CMD ["bun", "server.ts"]
