import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { BrokerError } from "../../base/errors.ts";

/**
 * Who may call. The port is open to every program and every web page on this machine, so three things are asked: that
 * the caller knows the token; that it came by one of this server's own names (a page of another name that its owner has
 * pointed at 127.0.0.1 sends that name as Host); and that a browser sent it from a page of ours (Origin).
 */
export class Guard {
  readonly #tokenDigest: Uint8Array;
  readonly #port: () => number;

  /** `port`: where the server listens, asked at each call as it may not be known yet. */
  constructor(token: string, port: () => number) {
    this.#tokenDigest = textDigest(token);
    this.#port = port;
  }

  /** Why a request with these headers is refused whatever it asks; `null` when it is not. */
  refusal(headers: IncomingHttpHeaders): BrokerError | null {
    const names = ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${this.#port()}`);
    const host = headers.host?.toLowerCase() ?? "";
    if (!names.includes(host)) return forbidden(`The Host header must be 127.0.0.1:${this.#port()}.`);
    if (headers.origin !== undefined && headers.origin.toLowerCase() !== `http://${host}`) {
      return forbidden("Pages of other origins may not call this pair.");
    }
    return null;
  }

  /** Whether the request carries `Authorization: Bearer <token>`. */
  isAuthorised(headers: IncomingHttpHeaders): boolean {
    const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    return token !== undefined && this.isToken(token);
  }

  /** Takes the same time whatever is wrong about `candidate`. */
  isToken(candidate: string): boolean {
    return timingSafeEqual(textDigest(candidate), this.#tokenDigest);
  }
}

/** Digests are equally long, as comparing in constant time needs. */
function textDigest(text: string): Uint8Array {
  return hash("sha256", text, "buffer");
}

export const tokenMissing = forbidden(
  'This call needs the pair\'s token ("Authorization: Bearer ..."); it is in the file control.token of its data directory.',
);

function forbidden(detail: string): BrokerError {
  return new BrokerError("FORBIDDEN", { detail });
}
