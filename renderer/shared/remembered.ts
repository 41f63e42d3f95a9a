/** Small values that outlive the window. A full or forbidden storage loses comfort, never function. */
export interface Memory {
  read<Value>(key: string, fallback: Value): Value;
  write(key: string, value: unknown): void;
}

const prefix = "understudy.";

export function rememberedIn(storage: Pick<Storage, "getItem" | "setItem"> | null): Memory {
  return {
    read<Value>(key: string, fallback: Value): Value {
      try {
        const text = storage?.getItem(prefix + key) ?? null;
        return text === null ? fallback : (JSON.parse(text) as Value);
      } catch {
        // Written by an older version or by hand: the default is as good as new.
        return fallback;
      }
    },
    write(key, value) {
      try {
        storage?.setItem(prefix + key, JSON.stringify(value));
      } catch {
        // Private window or full quota: the setting holds until the window closes.
      }
    },
  };
}
