import type { MessageDetail } from "../../engine/control/views.ts";

/** What a body is that does not speak for itself; `null` for texts and bytes. */
export function kindWords(kind: MessageDetail["bodyKind"], body: Uint8Array): string | null {
  switch (kind) {
    case "text":
    case "bytes":
      return null;
    case "map":
      return "A map message, as the JSON that STOMP clients get of it.";
    case "stream":
      return "A stream message: values one behind the other, each with its type, as OpenWire carries them.";
    case "blob":
      return "A blob message: it says where its contents are.";
    case "none":
      return "A message without a body.";
    case "null-text":
      return "A text message without a text.";
    case "object": {
      const name = javaClassOf(body);
      return `An object message${name === null ? "" : ` with a ${name}`}, as Java serialised it: only Java reads it.`;
    }
  }
}

/** Java Object Serialization Specification, 6.4: magic and version, then an object or an array and its class. */
function javaClassOf(body: Uint8Array): string | null {
  const [, , , , what, describes, high = 0, low = 0] = body;
  const isClassNamed = (what === 0x73 || what === 0x75) && describes === 0x72;
  return isClassNamed ? new TextDecoder().decode(body.subarray(8, 8 + high * 256 + low)) : null;
}
