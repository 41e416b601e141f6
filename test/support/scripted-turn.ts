/** A step of a turn that no opencode has run. Times: ms since the epoch. */
export interface ScriptedStep {
  readonly at: number;
  readonly finish?: string;
  readonly text?: string;
  /** Nothing of it is complete. */
  readonly broken?: boolean;
}

/** A turn's messages as a server gives them: the prompt, and a message a step. */
export function turn(id: string, at: number, ...steps: readonly ScriptedStep[]): readonly unknown[] {
  const common = { modelID: "m", providerID: "p", agent: "build", mode: "build", cost: 0 };
  const tokens = { input: 1, output: 1, reasoning: 0, cache: { read: 0, write: 0 } };
  const prompt = { id: `msg_${id}`, role: "user", agent: "build", model: { providerID: "p", modelID: "m" } };
  return [
    {
      info: { ...prompt, time: { created: at } },
      parts: [{ id: `prt_${id}`, type: "text", messageID: `msg_${id}`, text: "Go." }],
    },
    ...steps.map(({ at: from, finish = "stop", text = "Done.", broken }, index) => {
      const messageID = `msg_${id}_${index}`;
      const time = broken ? { created: from } : { created: from, completed: from + 100 };
      const part = (name: string) => ({ id: `prt_${id}_${index}_${name}`, messageID });
      return {
        info: {
          ...common,
          ...{ id: messageID, role: "assistant", parentID: `msg_${id}`, path: { cwd: "/a", root: "/a" } },
          ...{ tokens, time, ...(broken ? {} : { finish }) },
        },
        parts: [
          { ...part("0"), type: "step-start" },
          { ...part("1"), type: "text", text, time: { start: from, ...(broken ? {} : { end: from + 50 }) } },
          ...(broken ? [] : [{ ...part("2"), type: "step-finish", reason: finish, tokens, cost: 0 }]),
        ],
      };
    }),
  ];
}

/** A message of the user's that nothing answers; shown to people only where it is `ignored`. */
export function message(id: string, at: number, text: string, ignored = false): unknown {
  return {
    info: { id: `msg_${id}`, role: "user", agent: "build", time: { created: at } },
    parts: [{ id: `prt_${id}`, type: "text", messageID: `msg_${id}`, text, ...(ignored ? { ignored } : {}) }],
  };
}
