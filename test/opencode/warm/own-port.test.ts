import { expect, test } from "vitest";
import { listenerOf } from "../../../src/opencode/warm/own-port.js";

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1004 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0
   1: 00000000:1005 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 2 1 0 100 0 0 10 0
   2: 0100007F:1006 0100007F:1004 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0 100 0 0 10 0
`;

test("who listens on a port of this machine alone is found; a connection is no listener", () => {
  expect([0x1004, 0x1005, 0x1006, 80].map((port) => listenerOf(TABLE, port))).toEqual([
    1000,
    undefined,
    undefined,
    undefined,
  ]);
});
