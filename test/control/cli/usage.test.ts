import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configureBroker } from "../../../engine/cli/broker.ts";
import { commands } from "../../../engine/cli/commands.ts";
import { defaultDirectory } from "../../../engine/control/default-directory.ts";
import { checkNode } from "../../../engine/cli/doctor.ts";
import { main } from "../../../engine/cli/main.ts";
import { testTerminal } from "./test-terminal.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-cli-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe("every command", () => {
  test.each(commands.map(({ name }) => name))("%s has a help page with --json and --data", async (name) => {
    const terminal = testTerminal();

    expect(await main([name, "--help"], terminal)).toBe(0);
    expect(terminal.printed.out).toMatch(/--json/);
    expect(terminal.printed.out).toMatch(/--data <directory>/);
  });

  test("help and version are asked for, not failures", async () => {
    const terminal = testTerminal();

    expect(await main(["--help"], terminal)).toBe(0);
    expect(await main(["help", "link"], terminal)).toBe(0);
    expect(await main(["--version"], terminal)).toBe(0);
    expect(terminal.printed.out).toMatch(/half-open[^]*\d+\.\d+\.\d+\n$/);
  });
});

describe("wrong usage is exit code 2 and a sentence", () => {
  test.each<[string[], RegExp]>([
    [[], /Usage: understudy/],
    [["sttus"], /unknown command 'sttus'[^]*Did you mean status/],
    [["status", "--nonsense"], /unknown option '--nonsense'/],
    [["status", "extra"], /too many arguments/],
    [["kill"], /missing required argument 'broker'/],
    [["kill", "other"], /Allowed choices are primary, replica/],
    [["link", "twist"], /Allowed choices are cut, heal, half-open, delay/],
    [["link", "delay"], /npm run --silent understudy -- link delay 200/],
    [["link", "cut", "5"], /takes no delay/],
    [["link", "delay", "fast"], /whole number from 0 to 60000/],
    [["recover", "--undo", "--remove-kept"], /exclude each other/],
    [["send", "a", "x", "--header", "novalue"], /name=value/],
    [["send", "a", "x", "--priority", "11"], /whole number from 0 to 9/],
    [["send", "a", "x", "--repeat", "-2"], /whole number from -1 to 1000/],
    [["send", "a", "x", "--delay", "soon"], /whole number from 1 to/],
    [["send", "", "x"], /'' is invalid for argument 'destination'\. It must not be empty/],
    [["send", "a"], /There is no body/],
    [["send", "a", "x", "--file", "y"], /given twice/],
    [["send", "a", "--file", "/nowhere/at/all"], /cannot be read: ENOENT/],
    [["up", "--primary-port", "70000"], /whole number from 0 to 65535/],
    [["up", "--profile", "brave"], /Allowed choices are guarded, classic/],
    [["up", "--config", "/nowhere.yaml"], /There is no configuration file \/nowhere\.yaml/],
    [["up", "--primary-port", "5000", "--replica-port", "5000"], /three different ports/],
    [["broker"], /needs --config FILE, or --name, --port and --data/],
    [["broker", "--name", "a", "--profile", "guarded"], /can only be classic/],
    [["broker", "--name", "a", "--user", "u"], /belong to --primary-connector/],
    [
      ["broker", "--name", "a", "--primary-connector", "tcp://localhost:1", "--user", "u"],
      /needs a password: --password-file FILE, or .* UNDERSTUDY_PASSWORD/,
    ],
    [["broker", "--name", "a", "--host", "0.0.0.0"], /other machines can reach/],
  ])("%j", async (argv, sentence) => {
    const terminal = testTerminal({ UNDERSTUDY_DATA: directory });

    expect(await main(argv, terminal)).toBe(2);
    expect(terminal.printed.err).toMatch(sentence);
    expect(terminal.printed.out).toBe("");
  });

  test.each([
    [["kill", "other", "--json"], /Allowed choices are primary, replica/],
    [["sttus", "--json"], /unknown command 'sttus' \(Did you mean status\?\)$/],
    [["link", "delay", "--json"], /needs its milliseconds/],
  ])("%j says it as JSON", async (argv, sentence) => {
    const terminal = testTerminal({ UNDERSTUDY_DATA: directory });

    expect(await main(argv, terminal)).toBe(2);
    expect(JSON.parse(terminal.printed.err)).toEqual({
      code: "USAGE",
      message: expect.stringMatching(sentence) as string,
      context: {},
    });
  });

  test("a bad configuration file names file, line and name", async () => {
    const file = join(directory, "bad.yaml");
    writeFileSync(file, "primaryPort: 1\nwaitForSlav: true\n");
    const terminal = testTerminal();

    expect(await main(["up", "--config", file], terminal)).toBe(2);
    expect(terminal.printed.err).toBe(
      `understudy: ${file}, line 2, column 1: there is no option "waitForSlav"; did you mean "waitForSlave"?\n`,
    );
  });
});

describe("without a running pair", () => {
  test.each([
    ["status"],
    ["kill", "primary"],
    ["link", "heal"],
    ["recover"],
    ["receive", "a"],
    ["browse", "a"],
    ["purge", "a"],
    ["clients"],
    ["events"],
  ])("%s fails with a sentence", async (...argv) => {
    const terminal = testTerminal();

    expect(await main([...argv, "--data", directory], terminal)).toBe(1);
    expect(terminal.printed.err).toBe(
      `understudy: No pair is running in ${directory}. Start one (npm run --silent understudy -- up), or name its data directory with --data.\n`,
    );
  });

  test("--json makes the failure JSON too", async () => {
    const terminal = testTerminal({ UNDERSTUDY_DATA: directory });

    expect(await main(["status", "--json"], terminal)).toBe(1);
    expect(JSON.parse(terminal.printed.err)).toMatchObject({ code: "UNREACHABLE" });
  });

  test("an announcement whose process is gone, or that points elsewhere, is no pair", async () => {
    for (const announcement of [
      '{"url":"http://127.0.0.1:1","pid":4194999}',
      '{"url":"http://evil.example:80","pid":1}',
      "{",
      '"x"',
    ]) {
      writeFileSync(join(directory, "control.json"), announcement);
      writeFileSync(join(directory, "control.token"), "t");
      expect(await main(["status", "--data", directory], testTerminal())).toBe(1);
    }
    rmSync(join(directory, "control.json"));
  });
});

describe("the default data directory", () => {
  test.each([
    ["linux", {}, "/home/me/.local/share/understudy"],
    ["linux", { XDG_DATA_HOME: "/x" }, "/x/understudy"],
    ["darwin", {}, "/home/me/Library/Application Support/Understudy"],
    ["win32", { APPDATA: "/a" }, "/a/Understudy"],
    ["darwin", { UNDERSTUDY_DATA: "/mine" }, "/mine"],
  ] as const)("on %s with %j is %s", (platform, environment, expected) => {
    expect(defaultDirectory({ platform, environment, home: "/home/me" })).toBe(expected);
  });
});

describe("broker", () => {
  const terminal = testTerminal({ UNDERSTUDY_PASSWORD: "from the environment" });

  test("alone it is classic, and says so", () => {
    const { profile, dataDirectory } = configureBroker({ name: "../a b", port: 7000 }, terminal);

    expect(profile).toBe("classic");
    expect(dataDirectory).toBe("/home/me/.local/share/understudy/__a_b");
    expect(terminal.printed.err).toMatch(/can only be classic.*It is classic\./);
  });

  test("an arbiter that a file names is refused: nobody would ask it", () => {
    const config = join(directory, "arbiter.yaml");
    writeFileSync(config, "name: a\narbiter: http://127.0.0.1:8161\n");

    expect(() => configureBroker({ config }, terminal)).toThrow(/can only be classic.*--profile classic/);
    expect(configureBroker({ config, profile: "classic" }, terminal).profile).toBe("classic");
  });

  test("passwords come from a file or the environment", () => {
    const passwordFile = join(directory, "password");
    writeFileSync(passwordFile, "Cheese\n");
    const flags = { name: "a", data: "/d", primaryConnector: "tcp://localhost:62001", user: "James" };

    expect(configureBroker({ ...flags, passwordFile }, terminal).primaryConnector).toEqual({
      host: "127.0.0.1",
      port: 62_001,
      userName: "James",
      password: "Cheese",
    });
    expect(configureBroker(flags, terminal).primaryConnector?.password).toBe("from the environment");
  });
});

describe("doctor", () => {
  test("prints a line for each check, and JSON for scripts", async () => {
    const terminal = testTerminal({ DISPLAY: ":1" });
    const code = await main(["doctor", "--json", "--data", join(directory, "new")], terminal);
    const findings = terminal.printed.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { check: string; result: string });

    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(["node", "pair", "data directory", "stores", "display"]),
    );
    expect(code).toBe(findings.some(({ result }) => result === "problem") ? 1 : 0);
  });

  test.skipIf(process.platform !== "linux")(
    "a directory that takes nothing is a problem, whatever its permissions say",
    async () => {
      const terminal = testTerminal();

      expect(await main(["doctor", "--data", "/proc/understudy"], terminal)).toBe(1);
      expect(terminal.printed.out).toContain("problem  data directory: /proc/understudy cannot be written");
    },
  );

  test("stores that many recoveries replaced are named with what they take", async () => {
    const data = join(directory, "recovered-often");
    for (const name of ["primary.kept-20260101-120000", "replica.kept-20260102-120000"]) {
      mkdirSync(join(data, name), { recursive: true });
      writeFileSync(join(data, name, "store.sqlite"), "x".repeat(1_024));
    }
    const terminal = testTerminal();

    await main(["doctor", "--data", data], terminal);
    expect(terminal.printed.out).toContain(
      "kept stores: 2 that recoveries replaced take 2.00 KiB: primary.kept-20260101-120000, replica.kept-20260102-120000",
    );
  });

  test("an old Node is a problem with a remedy", () => {
    expect(checkNode({ node: "20.20.0", napi: "9" })).toMatchObject({
      result: "problem",
      remedy: expect.stringMatching(/22\.14/) as string,
    });
  });
});
