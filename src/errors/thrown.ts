/** What was thrown, in words: an error's message. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a system error such as `ENOENT`; undefined where it has none. */
export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}

/** Whether an error is a system error with this code. */
export function hasCode(thrown: unknown, code: string): boolean {
  return codeOf(thrown) === code;
}

/** For a `catch`: an error with this code is none, any other is thrown on. */
export function unless(code: string): (thrown: unknown) => void {
  return (thrown) => {
    if (!hasCode(thrown, code)) throw thrown;
  };
}

/** What a function returns; undefined where it throws, for whatever reason. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
