/** The bytes as the web's interfaces take them: in memory that no other thread has; copied only where they are not. */
export function inOwnMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isInOwnMemory(bytes) ? bytes : new Uint8Array(bytes);
}

function isInOwnMemory(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}
