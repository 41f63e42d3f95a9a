/** Copies, also where the page is not a secure context (a container's address): then through a selection. */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext && "clipboard" in navigator) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const holder = document.createElement("textarea");
  holder.value = text;
  holder.className = "visually-hidden";
  document.body.append(holder);
  holder.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- The only road in an insecure context.
  const done = document.execCommand("copy");
  holder.remove();
  if (!done)
    throw new Error("The browser does not let this page copy. Select the text and copy it yourself.");
}
