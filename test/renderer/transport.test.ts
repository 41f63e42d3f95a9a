import { beforeEach, describe, expect, test } from "vitest";
import type { ConnectionState } from "../../renderer/backend.ts";
import { socketBackend, type SocketLike } from "../../renderer/transport/socket.ts";
import { takeToken } from "../../renderer/transport/token.ts";

class FakeSocket implements SocketLike {
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  readonly sent: unknown[] = [];

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.break(1000);
  }

  open(): void {
    this.onopen?.(new Event("open"));
  }

  receive(value: unknown): void {
    this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(value) }));
  }

  break(code: number, reason = ""): void {
    this.onclose?.({ code, reason } as CloseEvent);
  }
}

let sockets: FakeSocket[];
let later: { delayMs: number; run: () => void }[];
let states: ConnectionState["kind"][];
let backend: ReturnType<typeof socketBackend>;

beforeEach(() => {
  sockets = [];
  later = [];
  states = [];
  backend = socketBackend({
    url: "ws://here/api/v1/window",
    token: "secret",
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    now: () => 0,
    after: (delayMs, run) => void later.push({ delayMs, run }),
  });
  backend.onConnection((state) => states.push(state.kind));
});

describe("the window's socket", () => {
  test("says its token first and asks only after that", async () => {
    sockets[0]!.open();
    const answer = backend.call("getPair", {});
    sockets[0]!.receive({ id: 1, ok: true, value: { protection: "protected" } });

    expect(await answer).toEqual({ protection: "protected" });
    expect(sockets[0]!.sent).toEqual([{ token: "secret" }, { id: 1, operation: "getPair", input: {} }]);
  });

  test("answers find their question in any order; a failure keeps its code and sentence", async () => {
    sockets[0]!.open();
    const first = backend.call("getPair", {});
    const second = backend.call("getLedger", {});
    sockets[0]!.receive({ id: 2, ok: false, error: { code: "WRONG_STATE", message: "No.", context: {} } });
    sockets[0]!.receive({ id: 1, ok: true, value: "pair" });

    await expect(second).rejects.toMatchObject({ code: "WRONG_STATE", message: "No." });
    expect(await first).toBe("pair");
  });

  test("pushed events reach all who listen", () => {
    const heard: unknown[] = [];
    const end = backend.onEvent((event) => heard.push(event));
    sockets[0]!.open();
    sockets[0]!.receive({ event: { kind: "notice", id: 1 } });
    end();
    sockets[0]!.receive({ event: { kind: "notice", id: 2 } });

    expect(heard).toEqual([{ kind: "notice", id: 1 }]);
  });

  test("a lost connection fails what was open, says so, and is opened again ever more slowly", async () => {
    sockets[0]!.open();
    const open = backend.call("getPair", {});

    sockets[0]!.break(1006);
    await expect(open).rejects.toThrow("lost");
    await expect(backend.call("getPair", {})).rejects.toThrow("does not answer");
    later[0]!.run();
    sockets[1]!.break(1006);
    later[1]!.run();
    sockets[2]!.open();

    expect(later[1]!.delayMs).toBeGreaterThan(later[0]!.delayMs);
    expect(states).toEqual(["connecting", "connected", "lost", "lost", "connected"]);
  });

  test("a refused token is final: no further attempts", () => {
    sockets[0]!.open();
    sockets[0]!.break(1008, "The token is wrong.");

    expect(states.at(-1)).toBe("refused");
    expect(later).toEqual([]);
  });
});

describe("the token", () => {
  function place(hash: string): Parameters<typeof takeToken>[0] & { shown: string | null } {
    const kept = new Map<string, string>();
    const made = {
      location: { hash, pathname: "/", search: "?a=1" },
      history: {
        replaceState: (_: unknown, __: string, url?: string | URL | null) => void (made.shown = String(url)),
      },
      storage: {
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => void kept.set(key, value),
      },
      shown: null as string | null,
    };
    return made;
  }

  test("is taken out of the address and kept for this tab", () => {
    const page = place("#token=abc&view=events");

    expect(takeToken(page)).toBe("abc");
    expect(page.shown).toBe("/?a=1#view=events");

    page.location.hash = "";
    expect(takeToken(page)).toBe("abc");
  });

  test("is missing when it was never given", () => {
    expect(takeToken(place(""))).toBeNull();
  });
});
