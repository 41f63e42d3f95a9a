import type { Socket } from "node:net";

/** Writes pieces one behind the other, in one go as far as the system takes them; `done` when the last one has left. */
export function writePieces(
  socket: Socket,
  pieces: readonly (string | Uint8Array)[],
  done?: (error?: Error | null) => void,
): void {
  if (pieces.length > 1) socket.cork();
  for (const [index, piece] of pieces.entries())
    if (index === pieces.length - 1) socket.write(piece, done);
    else socket.write(piece);
  if (pieces.length > 1) socket.uncork();
}
