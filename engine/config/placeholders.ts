/**
 * ActiveMQ's `${activemq.base}`: replaced from the environment given, by the name itself or as an environment variable
 * is spelled (`ACTIVEMQ_BASE`). Java's names for the user's directories are known too.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export type Expansion =
  | { readonly kind: "expanded"; readonly text: string }
  /** The name that has no value, and the variable that would give it one. */
  | { readonly kind: "unknown"; readonly name: string; readonly variable: string };

export function expandPlaceholders(text: string, environment: Environment): Expansion {
  const unknown: string[] = [];
  // No name is so long; without an end to the search, many beginnings would cost time with their square.
  const expanded = text.replaceAll(/\$\{([^}]{0,200})\}/g, (_, name: string) => {
    const value = valueOf(name, environment);
    if (value === null) unknown.push(name);
    return value ?? "";
  });
  const [name] = unknown;
  if (name !== undefined) return { kind: "unknown", name, variable: variableName(name) };
  return { kind: "expanded", text: expanded };
}

function valueOf(name: string, environment: Environment): string | null {
  const given = environment[name] ?? environment[variableName(name)];
  if (given !== undefined) return given;
  if (name === "user.home") return environment["HOME"] ?? environment["USERPROFILE"] ?? null;
  if (name === "user.name") return environment["USER"] ?? environment["USERNAME"] ?? null;
  if (name === "java.io.tmpdir") return environment["TMPDIR"] ?? environment["TEMP"] ?? "/tmp";
  if (name === "activemq.home") return environment["ACTIVEMQ_BASE"] ?? null;
  if (name === "activemq.data") return below("activemq.base", "data", environment);
  if (name === "activemq.conf") return below("activemq.base", "conf", environment);
  return null;
}

function below(name: string, directory: string, environment: Environment): string | null {
  const base = valueOf(name, environment);
  return base === null ? null : `${base}/${directory}`;
}

function variableName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]+/g, "_").toUpperCase();
}
