import type { CatalogSession } from "./catalog.js";

/** Which of the kept sessions are meant; what is not said leaves none out. */
export interface SessionFilter {
  /** A folder that they worked in or below, or a part of one's name. */
  readonly project?: ProjectFilter | undefined;
  /** Whose last turn began then or later, ms since the epoch. */
  readonly since?: number | undefined;
  /** Whose last turn failed, or never ended. */
  readonly failed?: boolean | undefined;
  /** A part of a model's name. */
  readonly model?: string | undefined;
  /** What `Catalog.search` has found. */
  readonly found?: ReadonlySet<string> | undefined;
}

export type ProjectFilter =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "name"; readonly part: string };

/** Whether a session is meant. One that cannot be read is meant where nothing but its time is asked for. */
export function isMeant(session: CatalogSession, filter: SessionFilter): boolean {
  const { project, since, failed, model, found } = filter;
  if (found && !found.has(session.id)) return false;
  if (session.kind === "unreadable")
    return !project && !failed && model === undefined && (since === undefined || session.storedAt >= since);
  const { row } = session;
  if (since !== undefined && row.at < since) return false;
  if (failed && row.outcome === "completed") return false;
  if (model !== undefined && !row.models.some((name) => holds(name, model))) return false;
  return !project || isOfProject(row.directory, project);
}

function isOfProject(directory: string, project: ProjectFilter): boolean {
  if (project.kind === "name") return holds(directory.split(/[\\/]/).slice(-2).join("/"), project.part);
  const { path } = project;
  return directory === path || directory.startsWith(path.endsWith("/") ? path : `${path}/`);
}

function holds(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}
