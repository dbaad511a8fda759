import { Program } from "./program.ts";

/** A proxy in front of one far side. */
export interface ProxySettings {
  /** The program. */
  readonly command: string;
  readonly port: number;
  readonly backendPort: number;
  /** After so many milliseconds without a byte, it cuts a WebSocket connection. */
  readonly idleMs: number;
}

/** nginx, with what its documentation says on WebSocket proxying, and `proxy_read_timeout` as the idle cut. */
export async function startNginx({ command, port, backendPort, idleMs }: ProxySettings): Promise<Program> {
  const config = `
daemon off;
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1;
# After a reload the old worker is rid of its connections so soon.
worker_shutdown_timeout 300ms;
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxied;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' close;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${backendPort};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout ${idleMs}ms;
    }
  }
}
`;
  return Program.start({
    command,
    args: (directory) => ["-p", directory, "-c", `${directory}/nginx.conf`, "-e", "stderr"],
    files: () => ({ "nginx.conf": config }),
    port,
  });
}

/** HAProxy, with `timeout tunnel` as the idle cut; in master-worker mode, so that it can be reloaded. */
export async function startHaproxy({ command, port, backendPort, idleMs }: ProxySettings): Promise<Program> {
  const config = `
global
  # After a reload the old worker is gone so soon.
  hard-stop-after 300ms
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  timeout tunnel ${idleMs}ms
  retries 0
frontend streams
  bind 127.0.0.1:${port}
  default_backend far
backend far
  server one 127.0.0.1:${backendPort}
`;
  return Program.start({
    command,
    args: (directory) => ["-W", "-f", `${directory}/haproxy.cfg`],
    files: () => ({ "haproxy.cfg": config }),
    port,
  });
}
