/** What opencode asks before a tool may do something. */
export interface PermissionRequest {
  /** The session that asks, which can be a subagent's. */
  readonly sessionId: string;
  /** Such as `bash`, `edit`, `external_directory`, `doom_loop`. */
  readonly permission: string;
  /** What it is asked for: commands, paths. */
  readonly patterns: readonly string[];
  /** The tool call that waits for it, where opencode says so. */
  readonly callId?: string | undefined;
}

/**
 * `allow` this once, `always` for the rest of the turn (what exactly says opencode: mostly the command with any
 * arguments), or `deny`.
 */
export type PermissionAnswer = "allow" | "always" | "deny";

/** Who answers: always the same, or a function, which may take its time (the agent waits, and the deadline goes on). */
export type PermissionPolicy =
  | "allow"
  | "deny"
  | ((request: PermissionRequest) => PermissionAnswer | Promise<PermissionAnswer>);

/** Which permission a tool needs: all that change files need `edit`, others their own. */
export function permissionOf(tool: string): string {
  return ["write", "patch", "apply_patch", "multiedit"].includes(tool) ? "edit" : tool;
}

/** @returns the answer, and why it is no other where the caller's function failed: then the answer is no */
export async function answerOf(
  policy: PermissionPolicy,
  request: PermissionRequest,
): Promise<{ readonly answer: PermissionAnswer; readonly problem?: string }> {
  if (typeof policy === "string") return { answer: policy };
  try {
    return { answer: await policy(request) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { answer: "deny", problem: `${request.permission} was denied, for the policy failed: ${why}` };
  }
}
