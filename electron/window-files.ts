import { protocol } from "electron";
import { readWindowFiles } from "../engine/control/server/files.ts";
import { contentPolicy } from "./content-policy.ts";

/**
 * The built window is served under a scheme of its own rather than `file:`, so that it has an origin which can be
 * checked, response headers, and no access to other files.
 */
const scheme = "understudy";
export const windowOrigin = `${scheme}://window`;

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
  const files = readWindowFiles(directory);
  protocol.handle(scheme, (request) => {
    const { host, pathname } = new URL(request.url);
    const file = host === "window" ? files?.get(pathname) : undefined;
    if (file === undefined) return notFound();
    return new Response(new Uint8Array(file.bytes), {
      headers: { ...securityHeaders, "content-type": file.type },
    });
  });
}

function notFound(): Response {
  return new Response("Not found.", {
    status: 404,
    headers: { ...securityHeaders, "content-type": "text/plain" },
  });
}
