/** What the exit codes mean, as `--help` says it. */
export const EXIT_CODES = `
Exit codes:
  0    the turn succeeded and its trace is where it belongs
  1    the agent's turn failed; one line says why, --json has it whole
       (check: a budget does not hold; doctor: something failed)
  2    wrong usage, configuration or input; or opencode could not be started
  3    the turn is fine, but its trace could not be delivered (it is in the outbox) or kept
  130  interrupted; what happened so far is recorded`;

export const BATCH_EXIT_CODES = `
Exit codes:
  0    every task is done, also by an earlier start, and its trace is where it belongs
  1    a task failed, its verify command did not pass, or it was not started because of a
       limit or of its provider
  2    wrong usage, configuration or input; nothing was started. Or there is no opencode, or
       a result could not be recorded: the batch broke off
  3    every task is done, but a trace could not be delivered (it is in the outbox) or kept
  130  interrupted; what was done is recorded, the same command goes on`;

export const EXPERIMENT_EXIT_CODES = `
Exit codes:
  0    every run is done and counts, and no verdict is one that --fail-on names
  1    a verdict is one that --fail-on names, or runs are missing: a limit was reached, or the
       provider failed
  2    wrong usage, configuration or input; nothing was started. Or there is no opencode, or
       a result could not be recorded: the experiment broke off
  3    as 0, but a trace could not be delivered (it is in the outbox) or kept
  130  interrupted; what was done is recorded, the same command goes on`;

export const WORKER_EXIT_CODES = `
Exit codes:
  0    ended by Ctrl-C or SIGTERM, as it is meant to; what ran is back in the queue
  2    wrong usage or configuration, no such Redis, or no opencode; no task was lost
  3    ended likewise, but traces could not be delivered (they are in the outbox)`;

export const TRACE_EXIT_CODES = `
Exit codes:
  0    every trace is where it belongs, also that of a turn that failed
  2    wrong usage, configuration or input; of several sessions also: one could
       not be read, and is named; the others are traced
  3    a trace could not be delivered; it is in the outbox
  130  interrupted; what was read is delivered, the same command goes on`;

export const SHOW_EXIT_CODES = `
Exit codes:
  0    shown, also when the turn failed
  2    wrong usage or input; with --from, Langfuse does not have it or does not answer
  130  interrupted`;

export const LS_EXIT_CODES = `
Exit codes:
  0    listed, also when there is nothing to list
  2    wrong usage; with --all also: a session could not be read, the others are listed
  130  interrupted`;

export const CHECK_EXIT_CODES = `
Exit codes:
  0    all budgets hold
  1    a budget does not hold, or it cannot be told whether it does
  2    wrong usage or configuration: no budget, no session, a source that cannot be read
  130  interrupted`;

export const WIRE_EXIT_CODES = `
Exit codes:
  0    shown
  2    wrong usage or input, or nothing was recorded
  130  interrupted`;

export const WIRE_PLUGIN_EXIT_CODES = `
Exit codes:
  0    done
  2    wrong usage, or something is left to do by hand: the command says what`;

export const CONTEXT_EXIT_CODES = `
Exit codes:
  0    shown
  2    wrong usage or input, or nothing was recorded; what could be read of several sessions is
       shown all the same
  130  interrupted`;

export const ADVISE_EXIT_CODES = `
Exit codes:
  0    shown, also where there is no finding
  2    wrong usage or input; what could be read of several sessions is looked at all the same
  130  interrupted`;

export const TOOLS_EXIT_CODES = `
Exit codes:
  0    shown
  2    wrong usage or input; what could be read of several sessions is shown all the same.
       With --from also: Langfuse does not have it, or does not answer
  130  interrupted`;

export const REPORT_EXIT_CODES = `
Exit codes:
  0    written, also when the turn failed
  2    wrong usage or input, or the file cannot be written
  130  interrupted`;

export const EXPORT_EXIT_CODES = `
Exit codes:
  0    written, also when the turn failed
  2    wrong usage or input, or the file cannot be written
  130  interrupted`;

export const PUSH_EXIT_CODES = `
Exit codes:
  0    nothing waits for the configured destinations any more; what waits for others is told
       (with --status or --discard: it was shown or thrown away)
  2    wrong usage or configuration
  3    something still waits for them, or was refused for good; or none is configured, and
       something waits
  130  interrupted`;

export const COMPLETION_EXIT_CODES = `
Exit codes:
  0    printed
  2    wrong usage: there is no script for that shell`;

export const DOCTOR_EXIT_CODES = `
Exit codes:
  0    nothing failed; there may be warnings
  1    something failed
  2    wrong usage
  130  interrupted`;

export const VIEW_EXIT_CODES = `
Exit codes:
  0    ended by Ctrl-C or SIGTERM, as it is meant to
  2    wrong usage or configuration, or the port cannot be had`;

export const ATTACH_EXIT_CODES = `
Exit codes:
  0    ended by Ctrl-C or SIGTERM, as it is meant to, and every trace is where it belongs
  2    wrong usage or configuration, or there is no such server
  3    a trace could not be delivered (it is in the outbox) or kept`;

export const WATCH_EXIT_CODES = `
Exit codes:
  0    ended by Ctrl-C or SIGTERM, as it is meant to, and every trace is where it belongs
  2    wrong usage or configuration, or there is no opencode
  3    a trace could not be delivered (it is in the outbox) or kept`;

export const VERIFY_EXIT_CODES = `
Exit codes:
  0    Langfuse has everything, once and as it is here
  1    something is missing, there more than once, different, or not in the session
  2    wrong usage, configuration or input, or Langfuse refuses to answer
  3    something is not visible yet, or was not sent from here; or Langfuse cannot be asked now
  130  interrupted`;

export const DASHBOARD_EXIT_CODES = `
Exit codes:
  0    it is done
  1    it is done, but this Langfuse refuses a widget, which was left out
  2    wrong usage or configuration; or Langfuse does not answer, refuses the keys or the
       dashboard itself, or has no such API: there is none, or it is as it was`;
