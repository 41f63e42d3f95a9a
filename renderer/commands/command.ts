/** One thing that can be done, however it is asked for: from the palette, by a shortcut, or by a button. */
export interface Command {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  /** As {@link matches} reads it: `Alt+P`, `Mod+K`. */
  readonly shortcut?: string;
  /** The command line that does the same. */
  readonly cli?: string;
  readonly run: () => void;
}

const isMac = /mac/i.test(navigator.userAgent);

/** `Mod` is Ctrl, and Command on a Mac. Letters go by their key's place, which Alt does not change. */
export function matches(
  shortcut: string,
  event: Pick<KeyboardEvent, "code" | "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">,
  mac = isMac,
): boolean {
  const parts = shortcut.split("+");
  const key = parts.at(-1) ?? "";
  const wants = new Set(parts.slice(0, -1));
  const mod = mac ? event.metaKey : event.ctrlKey;
  const other = mac ? event.ctrlKey : event.metaKey;
  const isKey = /^[A-Z]$/.test(key)
    ? event.code === `Key${key}`
    : /^\d$/.test(key)
      ? event.code === `Digit${key}`
      : event.key === key;
  return (
    isKey &&
    mod === wants.has("Mod") &&
    event.altKey === wants.has("Alt") &&
    event.shiftKey === wants.has("Shift") &&
    !other
  );
}

export function shownShortcut(shortcut: string, mac = isMac): string {
  return mac
    ? shortcut.replace("Mod+", "⌘").replace("Alt+", "⌥").replace("Shift+", "⇧")
    : shortcut.replace("Mod", "Ctrl");
}
