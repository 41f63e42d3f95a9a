import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";

export interface WindowFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/**
 * The built window, read whole at the first request for it. A request is looked up in this map and never becomes a path,
 * so none can leave the directory. `null` when there is no built window.
 */
export function readWindowFiles(directory: string): ReadonlyMap<string, WindowFile> | null {
  if (!existsSync(join(directory, "index.html"))) return null;
  const files = new Map<string, WindowFile>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name).toLowerCase()];
    // Links are left out with everything that is no plain file; source maps are not for serving.
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(directory, path).split(sep).join("/")}`, { type, bytes: readFileSync(path) });
  }
  const index = files.get("/index.html");
  if (index !== undefined) files.set("/", index);
  return files;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};

/** For a browser that finds no window here. */
export const noWindowPage =
  "This port serves the control API of an Understudy pair, at /api/v1 (described by /api/v1/openapi.json).\n" +
  "The window has not been built: run `npm run build`, then reload.\n";

/** Headers of every answer. The window loads nothing but its own files and talks to nobody but this port. */
export function securityHeaders(port: number): Readonly<Record<string, string>> {
  const sockets = ["127.0.0.1", "localhost"].map((host) => `ws://${host}:${port}`).join(" ");
  return {
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; " +
      `img-src 'self' data:; font-src 'self'; connect-src 'self' ${sockets}; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
  };
}
