import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a port of 127.0.0.1, whose connections can be cut. */
export interface CuttingProxy {
  readonly url: string;
  /** Cuts all connections that are open. @returns how many */
  cut(): number;
  close(): Promise<void>;
}

/** @param cutAt a text that the target says; where it does so first, that connection is cut instead of passing it on */
export async function cuttingProxy(target: string, cutAt?: string): Promise<CuttingProxy> {
  let isCut = cutAt === undefined;
  const open = new Set<Socket>();
  const port = Number(new URL(target).port);
  let closed = false;
  const server = createServer((socket) => {
    if (closed) {
      socket.destroy();
      return;
    }
    const onward = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      open.add(from);
      if (from === onward) {
        from.prependListener("data", (bytes) => {
          if (isCut || cutAt === undefined || !bytes.toString("latin1").includes(cutAt)) return;
          isCut = true;
          from.unpipe(to);
          to.destroy();
        });
      }
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("there is no port");
  const cut = (): number => {
    const count = open.size;
    for (const socket of open) socket.destroy();
    return count;
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut,
    close: async () => {
      closed = true;
      // Not waited for: a client that has connected and was not accepted yet is cut when it is.
      server.close();
      cut();
    },
  };
}
