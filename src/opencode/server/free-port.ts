import { createServer } from "node:net";

/**
 * A TCP port of 127.0.0.1 on which nobody listens at the moment: opencode takes `--port 0` for its default port, 4096.
 * Another program may take it before it is used, so whoever uses it tries again with another one then.
 */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}
