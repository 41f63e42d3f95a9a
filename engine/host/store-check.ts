import { digestText } from "../base/checksum.ts";
import { Store } from "./store.ts";

/**
 * `store-check DIRECTORY`: reads a stopped node's whole store and prints one line of JSON:
 * `{"sound":true,"position":{epoch,op,digest},"pairId":…,"messages":n,"storeBytes":n}` or `{"sound":false,"detail":…}`.
 */
const directory = process.argv[2];
process.stdout.write(
  `${JSON.stringify(directory === undefined ? { sound: false, detail: "no directory given" } : check(directory))}\n`,
);

function check(path: string): object {
  let store: Store | null = null;
  try {
    store = new Store(path, "power-loss");
    const damage = store.findDamage();
    if (damage !== null) return { sound: false, detail: damage };
    const { head, epoch, pairId, broker } = store.load();
    const position = { epoch, op: head.op, digest: digestText(head.digest) };
    return { sound: true, position, pairId, messages: broker.storedCount, storeBytes: store.sizeBytes() };
  } catch (error) {
    return { sound: false, detail: (error as Error).message };
  } finally {
    store?.close();
  }
}
