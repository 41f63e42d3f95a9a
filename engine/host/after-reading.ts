/**
 * Runs `judge` once all that waits to be read has been read. When a process stood still, its timers go off before its
 * sockets are read: whoever judges others by their silence must first hear what they said meanwhile.
 */
export function afterReading(judge: () => void): void {
  // The event loop takes timers, then what it can read, then immediates.
  setImmediate(judge);
}
