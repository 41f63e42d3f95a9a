const storageKey = "understudy.token";

interface Place {
  readonly location: Pick<Location, "hash" | "pathname" | "search">;
  readonly history: Pick<History, "replaceState">;
  readonly storage: Pick<Storage, "getItem" | "setItem">;
}

/**
 * The token comes once in the fragment (`#token=...`), which no server or proxy ever sees; it is kept for this tab
 * only and taken out of the address bar, so that a copied address or a screenshot does not give it away.
 */
export function takeToken({ location, history, storage }: Place): string | null {
  const fragment = new URLSearchParams(location.hash.replace(/^#/, ""));
  const token = fragment.get("token");
  if (token === null) return storage.getItem(storageKey);
  storage.setItem(storageKey, token);
  fragment.delete("token");
  const rest = fragment.toString();
  history.replaceState(null, "", `${location.pathname}${location.search}${rest === "" ? "" : `#${rest}`}`);
  return token;
}
