import { BrokerError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Decoder } from "../codec.ts";
import { Tray } from "../tray.ts";
import { emptyBody, headerOf, stompCommands } from "./frames.ts";
import type { StompCommand, StompFrame, StompHeader, StompVersion } from "./frames.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** Longer than any command; a longer first line is no frame, whatever follows. */
const commandBytesMax = 32;

/** What the decoder refuses to go beyond; tests choose smaller ones. */
export interface StompBounds {
  readonly frameBytesMax: number;
  readonly stompHeaderCountMax: number;
  readonly stompHeaderLineBytesMax: number;
}

/** Where in a frame the next byte belongs. */
type Place =
  | { readonly kind: "between" }
  | { readonly kind: "command" }
  | { readonly kind: "headers" }
  | { readonly kind: "sized-body"; readonly sizeBytes: number }
  | { readonly kind: "sized-body-end" }
  | { readonly kind: "open-body" };

const between: Place = { kind: "between" };
const inCommand: Place = { kind: "command" };
const inHeaders: Place = { kind: "headers" };
const atSizedBodyEnd: Place = { kind: "sized-body-end" };
const inOpenBody: Place = { kind: "open-body" };

/**
 * Reads STOMP frames. It works like a clerk with a tray: what lies whole in one delivery is taken as it is, and only
 * what is torn across deliveries is pieced together in the tray, each byte once, so that a frame costs the same however
 * it was cut.
 */
export class StompDecoder implements Decoder<StompFrame> {
  /** How frames are read from now on; to be set when CONNECT (server) or CONNECTED (client) has settled it. */
  version: StompVersion;
  /** Line ends seen between frames: heart-beats, and the optional ones after a frame. */
  eolCount = 0;

  /** May be widened once the client has said who it is. */
  bounds: StompBounds;
  readonly #tray = new Tray();
  #place: Place = between;
  #command: StompCommand = "SEND";
  #headers: StompHeader[] = [];
  #body: Uint8Array = emptyBody;
  #headBytes = 0;

  constructor(version: StompVersion = "1.0", bounds: StompBounds = limits) {
    this.version = version;
    this.bounds = bounds;
  }

  /** Bytes of a frame that is not complete. */
  get unfinishedBytes(): number {
    return this.#headBytes + this.#tray.length;
  }

  push(chunk: Uint8Array, take: (frame: StompFrame) => void): void {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    while (at < bytes.length) {
      const place = this.#place;
      switch (place.kind) {
        case "between":
          at = this.#skipLineEnds(bytes, at);
          break;
        case "command":
        case "headers":
          at = this.#readLine(bytes, at, place.kind);
          break;
        case "sized-body":
          at = this.#readSizedBody(bytes, at, place.sizeBytes);
          break;
        case "sized-body-end":
          if (bytes[at] !== 0)
            throw malformed(`the byte after the body of ${this.#body.length} bytes is not NUL`);
          at += 1;
          take(this.#finish(this.#body));
          break;
        case "open-body":
          at = this.#readOpenBody(bytes, at, take);
          break;
      }
    }
  }

  #skipLineEnds(bytes: Buffer, from: number): number {
    let at = from;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === lineFeed) this.eolCount += 1;
      else if (byte !== carriageReturn) {
        this.#place = inCommand;
        break;
      }
    }
    return at;
  }

  #readLine(bytes: Buffer, at: number, part: "command" | "headers"): number {
    const end = bytes.indexOf(lineFeed, at);
    const stop = end === -1 ? bytes.length : end;
    const lineBytes = this.#tray.length + stop - at;
    if (part === "command" && lineBytes > commandBytesMax)
      throw unknownCommand(this.#lineText(bytes, at, stop).slice(0, commandBytesMax));
    if (lineBytes > this.bounds.stompHeaderLineBytesMax)
      throw tooLarge(lineBytes, this.bounds.stompHeaderLineBytesMax);
    if (end === -1) {
      if (part === "headers" && bytes[at] === 0 && this.#tray.length === 0) throw headerHasNul();
      this.#tray.add(bytes.subarray(at, stop), this.bounds.stompHeaderLineBytesMax);
      return stop;
    }

    this.#headBytes += lineBytes + 1;
    if (this.#headBytes > this.bounds.frameBytesMax)
      throw tooLarge(this.#headBytes, this.bounds.frameBytesMax);
    const line = this.#lineText(bytes, at, stop);
    if (part === "command") this.#beginFrame(line);
    else if (line === "" || (line === "\r" && this.#endsLinesWithCr())) this.#beginBody();
    else this.#addHeader(line);
    return stop + 1;
  }

  /** The bytes of the line so far, as text. */
  #lineText(bytes: Buffer, at: number, end: number): string {
    if (this.#tray.length === 0) return utf8Text(bytes.toString("utf8", at, end), bytes, at, end);
    this.#tray.add(bytes.subarray(at, end), this.bounds.stompHeaderLineBytesMax);
    const line = this.#tray.take();
    return utf8Text(line.toString("utf8"), line, 0, line.length);
  }

  /** [STOMP 1.2 Augmented BNF] A line may end in CR LF. A frame that begins a session is not of a version yet. */
  #endsLinesWithCr(): boolean {
    return this.version !== "1.1" || !stompCommands[this.#command].isEscaped;
  }

  #beginFrame(line: string): void {
    const command = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (!Object.hasOwn(stompCommands, command)) throw unknownCommand(command);
    this.#command = command as StompCommand;
    this.#place = inHeaders;
  }

  #addHeader(line: string): void {
    if (this.#headers.length === this.bounds.stompHeaderCountMax) {
      throw new BrokerError("LIMIT_REACHED", {
        limit: this.bounds.stompHeaderCountMax,
        what: "headers in a frame",
      });
    }
    if (line.includes("\0")) throw headerHasNul();
    const text = line.endsWith("\r") && this.#endsLinesWithCr() ? line.slice(0, -1) : line;
    const colon = text.indexOf(":");
    if (colon === -1) throw malformed(`the header line ${quoted(text)} of ${this.#command} has no colon`);
    if (colon === 0) throw malformed(`the header line ${quoted(text)} of ${this.#command} has no name`);
    const isEscaped = this.version !== "1.0" && stompCommands[this.#command].isEscaped && text.includes("\\");
    const name = text.slice(0, colon);
    const value = text.slice(colon + 1);
    this.#headers.push(
      isEscaped ? [unescaped(name, this.version), unescaped(value, this.version)] : [name, value],
    );
  }

  #beginBody(): void {
    if (this.#isOfVersion10())
      this.#headers = this.#headers.map(([name, value]) => [name.trim(), value.trim()]);
    const declared = findContentLength(this.#headers);
    if (declared === null) {
      this.#place = inOpenBody;
      return;
    }
    if (!/^\d{1,15}$/.test(declared))
      throw new BrokerError("HEADER_INVALID", {
        header: "content-length",
        value: quoted(declared),
        expected: "a number of bytes",
      });
    const sizeBytes = Number(declared);
    if (this.#headBytes + sizeBytes > this.bounds.frameBytesMax)
      throw tooLarge(this.#headBytes + sizeBytes, this.bounds.frameBytesMax);
    this.#place = sizeBytes === 0 ? atSizedBodyEnd : { kind: "sized-body", sizeBytes };
  }

  /** [STOMP 1.1 Value Encoding] Version 1.0 was written with spaces around header values; later ones are never trimmed. */
  #isOfVersion10(): boolean {
    if (stompCommands[this.#command].isEscaped) return this.version === "1.0";
    const versionHeader = this.#command === "CONNECTED" ? "version" : "accept-version";
    return !this.#headers.some(([name]) => name.trim() === versionHeader);
  }

  #readSizedBody(bytes: Buffer, at: number, sizeBytes: number): number {
    const stop = Math.min(bytes.length, at + sizeBytes - this.#tray.length);
    if (this.#tray.length === 0 && stop - at === sizeBytes) {
      this.#body = bytes.subarray(at, stop);
    } else {
      this.#tray.add(bytes.subarray(at, stop), sizeBytes);
      if (this.#tray.length < sizeBytes) return stop;
      this.#body = this.#tray.take();
    }
    this.#place = atSizedBodyEnd;
    return stop;
  }

  #readOpenBody(bytes: Buffer, at: number, take: (frame: StompFrame) => void): number {
    const end = bytes.indexOf(0, at);
    const stop = end === -1 ? bytes.length : end;
    const frameBytes = this.#headBytes + this.#tray.length + stop - at;
    if (frameBytes > this.bounds.frameBytesMax) throw tooLarge(frameBytes, this.bounds.frameBytesMax);
    if (end === -1 || this.#tray.length > 0)
      this.#tray.add(bytes.subarray(at, stop), this.bounds.frameBytesMax);
    if (end === -1) return stop;
    take(this.#finish(this.#tray.length > 0 ? this.#tray.take() : bytes.subarray(at, stop)));
    return stop + 1;
  }

  /** The frame that is complete now; the next byte begins another. */
  #finish(body: Uint8Array): StompFrame {
    const command = this.#command;
    // [STOMP 1.1 Body] Only SEND, MESSAGE and ERROR have one. [STOMP 1.0 SUBSCRIBE] says that a body there is ignored.
    const mayHaveBody = stompCommands[command].mayHaveBody;
    if (!mayHaveBody && body.length > 0 && !this.#isOfVersion10())
      throw malformed(`${command} has a body of ${body.length} bytes and must have none`);
    const frame = { command, headers: this.#headers, body: mayHaveBody ? body : emptyBody };
    this.#headers = [];
    this.#body = emptyBody;
    this.#headBytes = 0;
    this.#place = between;
    return frame;
  }
}

function findContentLength(headers: readonly StompHeader[]): string | null {
  return headerOf({ command: "SEND", headers, body: emptyBody }, "content-length");
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** [STOMP 1.2 Value Encoding] Commands and headers are UTF-8; other bytes would be changed without a word. */
function utf8Text(text: string, bytes: Uint8Array, at: number, end: number): string {
  if (!text.includes("\uFFFD")) return text;
  try {
    return strictUtf8.decode(bytes.subarray(at, end));
  } catch {
    throw malformed("a header line is not UTF-8");
  }
}

const escapes: Readonly<Record<StompVersion, Readonly<Record<string, string>>>> = {
  "1.0": {},
  "1.1": { "\\\\": "\\", "\\n": "\n", "\\c": ":" },
  "1.2": { "\\\\": "\\", "\\n": "\n", "\\c": ":", "\\r": "\r" },
};

function unescaped(text: string, version: StompVersion): string {
  return text.replaceAll(/\\.?/gs, (sequence) => {
    const meaning = escapes[version][sequence];
    // [STOMP 1.2 Value Encoding] Undefined escape sequences are a fatal protocol error.
    if (meaning === undefined) throw malformed(`STOMP ${version} has no escape sequence ${quoted(sequence)}`);
    return meaning;
  });
}

function malformed(detail: string): BrokerError {
  return new BrokerError("FRAME_MALFORMED", { protocol: "STOMP", detail });
}

function tooLarge(sizeBytes: number, limitBytes: number): BrokerError {
  return new BrokerError("FRAME_TOO_LARGE", { sizeBytes, limitBytes });
}

function unknownCommand(line: string): BrokerError {
  return malformed(`${quoted(line)} is no STOMP command`);
}

function headerHasNul(): BrokerError {
  return malformed("a NUL byte stands in the headers, which an empty line must end");
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
