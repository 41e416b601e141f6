import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { patiently } from "./patience.js";

/** A TCP proxy on a free port of 127.0.0.1, whose target can be changed. */
export interface MovableProxy {
  readonly url: string;
  /** Cuts what is open, and hands what comes from now on to another port; to none: it is cut at once. */
  aim(port: number | undefined): void;
  /**
   * Aims at none, and waits until those who are connected have noticed. One who keeps its connections would else ask on
   * a dead one, and take that for a failure of the next target.
   */
  release(): Promise<void>;
  close(): Promise<void>;
}

/** What has not noticed by then is cut. */
const NOTICE_MS = patiently(10_000);

export async function movableProxy(): Promise<MovableProxy> {
  const open = new Set<Socket>();
  const pairs = new Map<Socket, Socket>();
  let target: number | undefined;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (target === undefined) {
      socket.destroy();
      return;
    }
    const onward = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true });
    pairs.set(socket, onward);
    socket.once("close", () => pairs.delete(socket));
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      from.setNoDelay(true);
      open.add(from);
      from.pipe(to);
      // A reset is one on the other side too.
      from.on("error", () => to.resetAndDestroy());
      from.on("close", () => {
        open.delete(from);
        to.destroySoon();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("there is no port");
  const aim = (port: number | undefined): void => {
    target = port;
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    aim,
    release: async () => {
      target = undefined;
      const noticed = [...pairs].map(async ([socket, onward]) => {
        onward.unpipe(socket);
        socket.end();
        if (!socket.closed) await once(socket, "close", { signal: AbortSignal.timeout(NOTICE_MS) });
      });
      await Promise.allSettled(noticed);
      aim(undefined);
    },
    close: async () => {
      aim(undefined);
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}
