import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../build/paths.mjs";

/** A Java that can run our classes and the real client. */
export interface Java {
  readonly command: string;
  readonly classPath: string;
}

/** How to get what is missing, on Debian and its kin. */
const installCommand = "sudo apt-get install -y default-jdk-headless libactivemq-java";

const sources = join(root, "test", "interop", "java");
const jarDirectory = "/usr/share/java";
/** The client, the broker it is compared with, and what they need. */
const jars = [
  "activemq-broker",
  "activemq-client",
  "activemq-jaas",
  "activemq-kahadb-store",
  "activemq-openwire-legacy",
  "activemq-protobuf",
  "activemq-stomp",
  "geronimo-j2ee-connector-1.5-spec",
  "geronimo-j2ee-management-1.1-spec",
  "geronimo-jms_1.1_spec",
  "geronimo-jta-1.2-spec",
  "hawtbuf",
  "jackson-annotations",
  "jackson-core",
  "jackson-databind",
  "slf4j-api",
  "slf4j-simple",
].map((name) => join(jarDirectory, `${name}.jar`));

/** Why Java clients cannot be run here, as a sentence; `null` if they can. */
export function missingForJava(): string | null {
  const missing = [
    ...["javac", "java"].filter((name) => spawnSync(name, ["-version"]).error !== undefined),
    ...jars.filter((jar) => !existsSync(jar)),
  ];
  if (missing.length === 0) return null;
  return `The Java clients are skipped: ${missing.slice(0, 3).join(", ")} not found. To run them: ${installCommand}`;
}

/** Compiles all of `test/interop/java` into a new directory. */
export function compileJava(): Java & { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "understudy-interop-"));
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".java"))
    .map((name) => join(sources, name));
  const classPath = [...jars, directory].join(":");
  const options = ["-Xlint:all", "-Werror", "-encoding", "UTF-8", "-d", directory, "-cp", classPath];
  const { status, stderr } = spawnSync("javac", [...options, ...files], { encoding: "utf8" });
  if (status !== 0) throw new Error(`javac refused our sources:\n${stderr}`);
  return { command: "java", classPath, directory };
}

/** Short-lived, so the quick compiler will do. */
export function javaOptions(classPath: string): string[] {
  return ["-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp", classPath];
}

/** Arguments that run one of our main classes. */
export function javaArguments({ classPath }: Java, mainClass: string, args: readonly string[]): string[] {
  return [...javaOptions(classPath), mainClass, ...args];
}
