import { Recovery } from "../../engine/supervisor/recovery.ts";
import { recoveryWorld } from "./recovery-world.ts";

/** Runs a recovery or an undo on the directory given, and kills itself at the n-th durable step. */
const [directory = "", what = "", count = ""] = process.argv.slice(2);
let left = Number(count);
const { hands, running } = recoveryWorld(directory, {
  reached: (point) => {
    left -= 1;
    if (left > 0) return;
    process.stdout.write(point);
    process.kill(process.pid, "SIGKILL");
  },
});
running.add("replica");
const recovery = new Recovery(hands);
await recovery.restore();
if (what === "undo") await recovery.undo();
else await recovery.start({ dryRun: false, force: false });
