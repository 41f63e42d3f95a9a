import type { StompFrame, StompHeader, StompVersion } from "../../engine/wire/stomp/frames.ts";

/** Bytes and the frames that they are. `^@` stands for NUL, as in the specification. */
export interface StompVector {
  readonly name: string;
  readonly version: StompVersion;
  readonly wire: string;
  readonly frames: readonly StompFrame[];
  /** What our encoder writes for the frames, where that differs from `wire`. */
  readonly written?: string;
}

export function frame(
  command: StompFrame["command"],
  headers: readonly StompHeader[] = [],
  body: string | Uint8Array = "",
): StompFrame {
  return { command, headers, body: typeof body === "string" ? Buffer.from(body) : body };
}

export function wireBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll("^@", "\0"));
}

export const stompVectors: readonly StompVector[] = [
  {
    name: "1.0 CONNECT with padded headers, as in the specification",
    version: "1.0",
    wire: "CONNECT\nlogin: guest\npasscode:secret\n\n^@",
    frames: [
      frame("CONNECT", [
        ["login", "guest"],
        ["passcode", "secret"],
      ]),
    ],
    written: "CONNECT\nlogin:guest\npasscode:secret\n\n^@",
  },
  {
    name: "1.0 SEND without content-length",
    version: "1.0",
    wire: "SEND\ndestination:/queue/a\n\nhello queue a\n^@",
    frames: [frame("SEND", [["destination", "/queue/a"]], "hello queue a\n")],
  },
  {
    name: "1.0 a backslash is a backslash, and a value may have colons",
    version: "1.0",
    wire: "SEND\ndestination:/queue/a\npath:C:\\new\\cut\n\n^@",
    frames: [
      frame("SEND", [
        ["destination", "/queue/a"],
        ["path", "C:\\new\\cut"],
      ]),
    ],
  },
  {
    name: "1.0 lines that end in CR LF, as a terminal sends them",
    version: "1.0",
    wire: "SEND\r\ndestination:/queue/a\r\n\r\nhi^@\r\n",
    frames: [frame("SEND", [["destination", "/queue/a"]], "hi")],
    written: "SEND\ndestination:/queue/a\n\nhi^@",
  },
  {
    name: "1.0 the body of SUBSCRIBE is ignored",
    version: "1.0",
    wire: "SUBSCRIBE\ndestination:/queue/a\n\nignored^@",
    frames: [frame("SUBSCRIBE", [["destination", "/queue/a"]])],
    written: "SUBSCRIBE\ndestination:/queue/a\n\n^@",
  },
  {
    name: "1.1 CONNECT is neither escaped nor trimmed",
    version: "1.1",
    wire: "CONNECT\naccept-version:1.1\npasscode: a\\nb:c \n\n^@",
    frames: [
      frame("CONNECT", [
        ["accept-version", "1.1"],
        ["passcode", " a\\nb:c "],
      ]),
    ],
  },
  {
    name: "1.1 escapes of line feed, colon and backslash in names and values",
    version: "1.1",
    wire: "SEND\ndestination:/queue/a\na\\cb:line\\nfeed\\\\back\\cslash\n\n^@",
    frames: [
      frame("SEND", [
        ["destination", "/queue/a"],
        ["a:b", "line\nfeed\\back:slash"],
      ]),
    ],
  },
  {
    name: "1.1 an escaped backslash before n is no line feed",
    version: "1.1",
    wire: "SEND\nx:\\\\n\n\n^@",
    frames: [frame("SEND", [["x", "\\n"]])],
  },
  {
    name: "1.1 CR is part of the value",
    version: "1.1",
    wire: "SEND\nx:y\r\n\n^@",
    frames: [frame("SEND", [["x", "y\r"]])],
  },
  {
    name: "1.1 a colon in a value that its sender did not escape",
    version: "1.1",
    wire: "SEND\nreply-to:tcp://a:1\n\n^@",
    frames: [frame("SEND", [["reply-to", "tcp://a:1"]])],
    written: "SEND\nreply-to:tcp\\c//a\\c1\n\n^@",
  },
  {
    name: "1.2 STOMP with CR LF line ends",
    version: "1.2",
    wire: "STOMP\r\naccept-version:1.2\r\nhost:localhost\r\n\r\n^@",
    frames: [
      frame("STOMP", [
        ["accept-version", "1.2"],
        ["host", "localhost"],
      ]),
    ],
    written: "STOMP\naccept-version:1.2\nhost:localhost\n\n^@",
  },
  {
    name: "1.2 escapes, carriage return included",
    version: "1.2",
    wire: "MESSAGE\nx:a\\r\\n\\c\\\\\n\n^@",
    frames: [frame("MESSAGE", [["x", "a\r\n:\\"]])],
  },
  {
    name: "1.2 spaces around a value belong to it",
    version: "1.2",
    wire: "SEND\n x : y \n\n^@",
    frames: [frame("SEND", [[" x ", " y "]])],
  },
  {
    name: "1.2 a body of NUL bytes and line ends with content-length",
    version: "1.2",
    wire: "SEND\ndestination:/queue/a\ncontent-length:6\n\n^@\n^@\n^@^@^@\n",
    frames: [
      frame(
        "SEND",
        [
          ["destination", "/queue/a"],
          ["content-length", "6"],
        ],
        wireBytes("^@\n^@\n^@^@"),
      ),
    ],
    written: "SEND\ndestination:/queue/a\ncontent-length:6\n\n^@\n^@\n^@^@^@",
  },
  {
    name: "1.2 content-length 0",
    version: "1.2",
    wire: "SEND\ncontent-length:0\n\n^@",
    frames: [frame("SEND", [["content-length", "0"]])],
  },
  {
    name: "1.2 an ERROR frame with a body",
    version: "1.2",
    wire: "ERROR\nmessage:no\\c such thing\ncontent-length:3\n\nbad^@",
    frames: [
      frame(
        "ERROR",
        [
          ["message", "no: such thing"],
          ["content-length", "3"],
        ],
        "bad",
      ),
    ],
  },
  {
    name: "1.2 repeated headers are kept, in order",
    version: "1.2",
    wire: "MESSAGE\nfoo:World\nfoo:Hello\n\n^@",
    frames: [
      frame("MESSAGE", [
        ["foo", "World"],
        ["foo", "Hello"],
      ]),
    ],
  },
  {
    name: "1.2 an empty value",
    version: "1.2",
    wire: "SEND\nx:\n\n^@",
    frames: [frame("SEND", [["x", ""]])],
  },
  {
    name: "1.2 headers and body beyond ASCII",
    version: "1.2",
    wire: "SEND\nGrüße:日本\u{1F600}\n\nžluťoučký \u{1F40E}^@",
    frames: [frame("SEND", [["Grüße", "日本\u{1F600}"]], "žluťoučký \u{1F40E}")],
  },
  {
    name: "1.2 a replacement character that was really sent",
    version: "1.2",
    wire: "SEND\nx:\uFFFD\uFEFF\n\n^@",
    frames: [frame("SEND", [["x", "\uFFFD\uFEFF"]])],
  },
  {
    name: "1.2 several frames, with heart-beats between them",
    version: "1.2",
    wire: "\n\nBEGIN\ntransaction:t\n\n^@\n\r\n\nSEND\ntransaction:t\ncontent-length:1\n\nx^@ABORT\ntransaction:t\n\n^@\n",
    frames: [
      frame("BEGIN", [["transaction", "t"]]),
      frame(
        "SEND",
        [
          ["transaction", "t"],
          ["content-length", "1"],
        ],
        "x",
      ),
      frame("ABORT", [["transaction", "t"]]),
    ],
    written:
      "BEGIN\ntransaction:t\n\n^@SEND\ntransaction:t\ncontent-length:1\n\nx^@ABORT\ntransaction:t\n\n^@",
  },
  {
    name: "1.2 a frame without headers",
    version: "1.2",
    wire: "DISCONNECT\n\n^@",
    frames: [frame("DISCONNECT")],
  },
  {
    name: "1.0 CONNECTED without a version is of 1.0 and trimmed",
    version: "1.2",
    wire: "CONNECTED\nsession: 1\n\n^@",
    frames: [frame("CONNECTED", [["session", "1"]])],
    written: "CONNECTED\nsession:1\n\n^@",
  },
];
