import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A Langfuse that takes whatever comes, in a process of its own. */
export interface BenchLangfuse {
  /** What a command finds it by. */
  readonly env: Readonly<Record<string, string>>;
  close(): void;
}

export async function benchLangfuse(): Promise<BenchLangfuse> {
  const receiver = fork(fileURLToPath(new URL("receiver-process.ts", import.meta.url)));
  const [port]: unknown[] = await once(receiver, "message");
  const keys = { LANGFUSE_PUBLIC_KEY: "pk-lf-bench", LANGFUSE_SECRET_KEY: "sk-lf-bench" };
  return {
    env: { ...keys, LANGFUSE_BASE_URL: `http://127.0.0.1:${port}` },
    close: () => receiver.disconnect(),
  };
}
