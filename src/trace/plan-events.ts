import { isFields } from "../text/json-fields.js";
import type { Step, StepEvent, Tool } from "./model.js";
import { spanIdOf } from "./span-id.js";

/**
 * Where agents keep a plan as a file: `plan.md` anywhere, and all of a folder `plans`, as opencode's plan agent does.
 */
const PLAN_FILE = /(?:^|[\\/])(?:plans?[\\/][^\\/]+\.md|plan\.md)$/i;

/** The steps with an event wherever the agent made or changed its plan: its list of todos, or a file with a plan. */
export function withPlans(steps: readonly Step[], sessionId: string): readonly Step[] {
  return steps.map((step) => {
    let own: StepEvent[] | undefined;
    for (const tool of step.tools) {
      const attributes = todosOf(tool) ?? planFileOf(tool);
      if (!attributes) continue;
      own ??= [...step.events];
      own.push(eventOf(tool, sessionId, attributes));
    }
    return own ? { ...step, events: own } : step;
  });
}

function eventOf(tool: Tool, sessionId: string, attributes: StepEvent["attributes"]): StepEvent {
  return {
    spanId: spanIdOf("event", sessionId, `${tool.partId}/plan`),
    name: "plan",
    at: tool.end,
    attributes,
  };
}

/** `todowrite` hands over the whole list each time. */
function todosOf({ name, outcome, input }: Tool): StepEvent["attributes"] | undefined {
  if (name !== "todowrite" || outcome !== "completed") return undefined;
  const list = isFields(input) ? input.todos : undefined;
  if (!Array.isArray(list)) return undefined;
  const todos = list.filter(isFields);
  const count = (status: string): number => todos.filter((todo) => todo.status === status).length;
  const active = todos.find(({ status }) => status === "in_progress")?.content;
  return {
    todos: todos.length,
    completed: count("completed"),
    inProgress: count("in_progress"),
    pending: count("pending"),
    cancelled: count("cancelled"),
    ...(typeof active === "string" ? { current: active } : {}),
  };
}

function planFileOf({ name, outcome, input }: Tool): StepEvent["attributes"] | undefined {
  if ((name !== "write" && name !== "edit") || outcome !== "completed" || !isFields(input)) return undefined;
  // opencode 2 calls it `path`.
  const { path, filePath = path } = input;
  return typeof filePath === "string" && PLAN_FILE.test(filePath) ? { file: filePath } : undefined;
}
