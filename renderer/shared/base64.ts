export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function base64OfBytes(bytes: Uint8Array): string {
  let text = "";
  // In slices: a call takes only so many arguments.
  for (let offset = 0; offset < bytes.length; offset += 8_192)
    text += String.fromCharCode(...bytes.subarray(offset, offset + 8_192));
  return btoa(text);
}

export function base64OfText(text: string): string {
  return base64OfBytes(new TextEncoder().encode(text));
}

export function textOfBase64(text: string): string {
  return new TextDecoder().decode(bytesOfBase64(text));
}
