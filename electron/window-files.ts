import { readFile } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import { protocol } from "electron";
import { contentPolicy } from "./content-policy.ts";

/**
 * The built window is served under a scheme of its own rather than `file:`, so that it has an origin which can be
 * checked, response headers, and no access to other files.
 */
const scheme = "understudy";
export const windowOrigin = `${scheme}://window`;

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

const securityHeaders = {
  "content-security-policy": `${contentPolicy}; frame-ancestors 'none'`,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};

/** Electron wants to know before it is ready. */
export function declareWindowScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves `directory`; anything else under the scheme is not found. */
export function serveWindowFiles(directory: string): void {
  protocol.handle(scheme, async (request) => {
    const { host, pathname } = new URL(request.url);
    const path = normalize(join(directory, decodeURIComponent(pathname)));
    if (host !== "window" || !path.startsWith(directory + sep)) return notFound();
    const contentType = contentTypes[extname(path)];
    if (contentType === undefined) return notFound();
    try {
      return new Response(new Uint8Array(await readFile(path)), {
        headers: { ...securityHeaders, "content-type": contentType },
      });
    } catch {
      return notFound();
    }
  });
}

function notFound(): Response {
  return new Response("Not found.", {
    status: 404,
    headers: { ...securityHeaders, "content-type": "text/plain" },
  });
}
