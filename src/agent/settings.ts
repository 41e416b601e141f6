import type { AgentSettings } from "./agent-settings.js";
import type { SettingOf } from "./setting.js";

/**
 * What each setting is called where: the flags of `run`, `batch` and `worker`, the fields of `looptrace.config.json` and
 * those of a task all come from this table, in its order.
 */
export const AGENT_SETTINGS = {
  model: {
    kind: "text",
    config: "model",
    task: "model",
    flags: {
      model: {
        flag: "-m, --model <provider/model>",
        help: {
          run: "model to use",
          batch: "model of tasks that name none",
          worker: "model of tasks that name none",
        },
      },
    },
  },
  agent: {
    kind: "text",
    config: "agent",
    task: "agent",
    flags: {
      agent: {
        flag: "--agent <name>",
        help: { run: "opencode's agent to use", batch: "opencode's agent, of tasks that name none" },
      },
    },
  },
  variant: {
    kind: "text",
    config: "variant",
    task: "variant",
    flags: {
      variant: {
        flag: "--variant <name>",
        help: {
          run: "the model's variant, such as high",
          batch: "the model's variant, of tasks that name none",
        },
      },
    },
  },
  directory: {
    kind: "folder",
    task: "directory",
    flags: {
      dir: {
        flag: "-d, --dir <directory>",
        takes: "text",
        help: {
          run: "where opencode works",
          batch: "where opencode works, for tasks that do not say",
          worker: "where opencode works for tasks that do not say, and what relative paths of tasks belong to",
        },
      },
    },
  },
  files: {
    kind: "paths",
    task: "files",
    flags: {
      file: {
        flag: "-f, --file <path>",
        takes: "texts",
        help: { run: "a file to attach; can be given several times" },
      },
    },
  },
  session: {
    kind: "text",
    task: "session",
    flags: {
      session: { flag: "-s, --session <id>", help: { run: "go on with this session, named as to looptrace show" } },
    },
  },
  continueLast: {
    kind: "switch",
    flags: { continue: { flag: "-c, --continue", help: { run: "go on with the project's last session" } } },
  },
  fork: {
    kind: "switch",
    task: "fork",
    flags: { fork: { flag: "--fork", help: { run: "go on in a copy of the session" } } },
  },
  title: {
    kind: "text",
    task: "title",
    flags: { title: { flag: "--title <title>", help: { run: "the session's title" } } },
  },
  systemPrompt: {
    kind: "prose",
    task: "systemPrompt",
    flags: {
      system: {
        flag: "--system <text>",
        takes: "text",
        help: { run: "system prompt of the agent", batch: "system prompt of tasks that have none" },
      },
      systemFile: {
        flag: "--system-file <path>",
        takes: "text",
        help: "the same from a file",
      },
    },
  },
  mcp: {
    kind: "mcp",
    task: "mcp",
    flags: {
      mcp: {
        flag: "--mcp <name=url>",
        takes: "texts",
        help: "a remote MCP server; can be given several times",
      },
      mcpHeader: {
        flag: "--mcp-header <name=Header:value>",
        takes: "texts",
        help: "a header for that server; {env:NAME} is read by opencode",
      },
    },
  },
  timeoutMs: {
    kind: "ms",
    config: "timeout",
    task: "timeout",
    flags: {
      timeout: {
        flag: "--timeout <duration>",
        help: {
          run: "deadline of the whole run (default: 10m)",
          batch: "deadline of each task (default: 10m)",
          worker: "deadline of tasks that have none (default: 10m)",
        },
      },
    },
  },
  retries: {
    kind: "count",
    from: 0,
    config: "retries",
    task: "retries",
    flags: {
      retries: {
        flag: "--retries <n>",
        help: "run a failed turn again so often, where its error allows (default: 0)",
      },
    },
  },
  patienceMs: {
    kind: "ms",
    config: "patience",
    flags: {
      patience: {
        flag: "--patience <duration>",
        // `batch` waits by itself, and has a flag of its own for it.
        help: { run: "how long to wait for a rate limit to end (default: 60s)" },
      },
    },
  },
  fallbackModels: {
    kind: "texts",
    config: "fallbackModels",
    task: "fallbackModels",
    flags: {
      fallbackModel: {
        flag: "--fallback-model <provider/model>",
        help: "go on with it after rate limit, server, authentication or billing errors; can be given several times",
      },
    },
  },
  maxSteps: {
    kind: "count",
    from: 1,
    config: "maxSteps",
    task: "maxSteps",
    flags: {
      maxSteps: {
        flag: "--max-steps <n>",
        help: {
          run: "stop when the loop wants more steps",
          batch: "stop a task when its loop wants more steps",
        },
      },
    },
  },
  maxTokens: {
    kind: "count",
    from: 1,
    config: "maxTokens",
    task: "maxTokens",
    flags: {
      maxTokens: {
        flag: "--max-tokens <n>",
        help: {
          run: "stop when the session's own calls took more tokens, cached ones included (its subagents' do not count while it runs)",
        },
      },
      taskMaxTokens: {
        flag: "--task-max-tokens <n>",
        help: {
          batch:
            "stop a task when its session's own calls took more tokens (its subagents' do not count while it runs)",
        },
      },
    },
  },
  maxCost: {
    kind: "usd",
    config: "maxCost",
    task: "maxCost",
    flags: {
      maxCost: {
        flag: "--max-cost <usd>",
        help: {
          run: "stop when the session's own calls cost more, as far as opencode knows prices (its subagents' do not count while it runs)",
        },
      },
      taskMaxCost: {
        flag: "--task-max-cost <usd>",
        help: {
          batch: "stop a task when its session's own calls cost more (its subagents' do not count while it runs)",
        },
      },
    },
  },
  maxAttempts: {
    kind: "count",
    from: 1,
    config: "maxAttempts",
    task: "maxAttempts",
    flags: {
      maxAttempts: {
        flag: "--max-attempts <n>",
        help: {
          run: "stop when opencode asks the model again after so many requests in a row failed (default: 6; opencode before 1.18 retries forever)",
          batch: "stop a task when opencode asks the model again after so many requests in a row failed (default: 6)",
        },
      },
    },
  },
  haltOnDoomLoop: {
    kind: "threshold",
    from: 2,
    config: "haltOnDoomLoop",
    task: "haltOnDoomLoop",
    flags: {
      haltOnDoomLoop: {
        flag: "--halt-on-doom-loop",
        takes: "switch",
        help: {
          run: "stop when the same tool call fails, or gives the same result, 3 times in a row, or the same answer comes without a tool",
          batch:
            "stop a task when the same tool call fails, or gives the same result, 3 times in a row, or the same answer comes without a tool",
        },
      },
      doomLoopThreshold: {
        flag: "--doom-loop-threshold <n>",
        takes: "count",
        help: "the same, with another number of times",
      },
    },
  },
  schema: {
    kind: "schema",
    task: "schema",
    flags: {
      schema: {
        flag: "--schema <file>",
        takes: "text",
        help: {
          run: "ask for a structured answer: a JSON schema, to which it is held (of opencode 2 in the prompt)",
          batch: "ask for structured answers: a JSON schema, of tasks that have none",
        },
      },
    },
  },
  permissions: {
    kind: "permissions",
    task: "permissions",
    flags: {
      auto: {
        flag: "--auto",
        takes: "switch",
        help: "approve every permission that is not explicitly denied",
      },
    },
  },
  projectConfig: {
    kind: "switch",
    config: "projectConfig",
    task: "projectConfig",
    flags: {
      projectConfig: {
        flag: "--project-config",
        help: "let opencode read the project's opencode.json",
      },
    },
  },
  wire: {
    kind: "switch",
    config: "wire",
    flags: {
      wire: {
        flag: "--no-wire",
        help: {
          run: "do not record what opencode sends to models and what they answer",
          batch: "do not record what opencode sends to models and what they answer",
          worker: "do not record what opencode sends to models and what they answer",
        },
      },
    },
  },
  fullInput: {
    kind: "switch",
    config: "fullInput",
    flags: {
      fullInput: {
        flag: "--full-input",
        help: {
          run: "send all that each call was told as its input, instead of what is new",
          batch: "send all that each call was told as its input, instead of what is new",
          worker: "send all that each call was told as its input, instead of what is new",
        },
      },
    },
  },
  propagate: {
    kind: "switch",
    config: "propagate",
    flags: {
      propagate: {
        flag: "--propagate",
        help: {
          run: "have each request to a model carry the traceparent of its span",
          batch: "have each request to a model carry the traceparent of its span",
          worker: "have each request to a model carry the traceparent of its span",
        },
      },
    },
  },
  warmMs: {
    kind: "warmth",
    config: "warm",
    flags: {
      warm: {
        flag: "--warm <duration>",
        takes: "warmth",
        help: {
          run: "how long opencode stays for later runs; 0: not at all (default: 10m)",
          batch: "how long opencode stays for later runs; 0: not at all (default: 10m)",
        },
      },
      cold: {
        flag: "--cold",
        takes: "switch",
        help: {
          run: "start an opencode of its own, and leave none",
          batch: "start opencodes of its own, and leave none",
        },
      },
    },
  },
  driver: {
    kind: "driver",
    config: "driver",
    flags: {
      driver: {
        flag: "--driver <driver>",
        help: {
          run: "how opencode is driven: by a server, by opencode run, or as it fits",
          batch: "how opencode is driven: by warm servers, by opencode run, or as it fits",
          worker: "how opencode is driven: by warm servers, by opencode run, or as it fits",
        },
      },
    },
  },
  opencode: {
    kind: "program",
    config: "opencode",
    flags: {
      opencode: {
        flag: "--opencode <path>",
        takes: "text",
        help: {
          run: "the opencode to use (LOOPTRACE_OPENCODE)",
          batch: "the opencode to use (LOOPTRACE_OPENCODE)",
          worker: "the opencode to use (LOOPTRACE_OPENCODE)",
        },
      },
    },
  },
} as const satisfies { readonly [K in keyof AgentSettings]-?: SettingOf<NonNullable<AgentSettings[K]>> };
