import { RELEASE_FILE } from "../program/run-folder-owner.js";
import { END_ALL, MARKED } from "../program/watchdog.js";

/** The names of what is in a server's folder. */
export const RECORD = "server.json";
/** What the record is called when no run is to find it any more. */
export const WITHDRAWN = "withdrawn.json";
export const LEASES = "leases";
/** Since when something is to be ended of what turns have started, a line each: clock ticks since the boot. */
export const ABORTED = "aborted";
/** How long the server may be without use, in whole seconds. */
export const IDLE_LIMIT = "idle-limit";
/** A byte for each lease that there was. */
export const USES = "uses";
/** Why the server is ending, for a person. */
export const REASON = "reason";
/** In the folder of all servers: a line for each that has ended, its id and why. */
export const ENDS = "ends";
/** Why a server is there no more that nobody has ended. */
export const OPENCODE_ENDED = "opencode ended by itself";
/** A program for Node that ends the turns which a killed run has left. */
export const INTERRUPT = "interrupt.mjs";

/**
 * Keeps a server after the run that has started it: as its arguments it gets the server's folder, the mark of its
 * processes, the folder's parent, and how much memory the server may have without use (KB). A line on its standard
 * input says which process it is, and since when; where none comes, there is to be no server.
 *
 * A run that wants the server first puts a lease beside the record, and then looks whether the record is still there.
 * This first takes the record away, and then looks for leases. So whichever was first, the other one sees it, and a
 * server is never ended that a run has just found.
 *
 * systemd keeps the file of a session whose user has logged out as long as a process of it lives, which this one is: it
 * says that the session is closing.
 *
 * In sh, which needs 1 MB where Node would need 40; a special builtin whose redirection fails would end it. It sleeps between its looks: a second while runs are at work, else
 * five at most. TERM has it end the server as soon as no run uses it.
 */
export const KEEPER_SCRIPT = `
folder=$1
mark=$2
parent=$3
most=$4
server=
begun=
retired=
aborted=
tick=1
now=0
trap 'retire "it was told to end"' TERM
trap '' HUP INT PIPE
umask 077
${MARKED}
${END_ALL}
started() {
  if [ -r /proc/self/stat ]; then
    stat=
    [ -r "/proc/$1/stat" ] || return 1
    { while IFS= read -r line; do stat="$stat$line"; done < "/proc/$1/stat"; } 2>/dev/null
    stat=\${stat##*) }
    set -- $stat
    case $1 in ''|Z|X) return 1 ;; esac
    start=\${20}
  else
    start=$(LC_ALL=C TZ=UTC ps -o lstart= -p "$1" 2>/dev/null | tr -cs 'A-Za-z0-9\\n' _)
    start=\${start#_}
    start=\${start%_}
  fi
  [ -n "$start" ]
}
same() { started "$1" && [ "$start" = "$2" ]; }
clock() {
  if [ -r /proc/uptime ]; then
    read -r up rest < /proc/uptime
    now=\${up%%.*}
  else
    now=$((now + tick))
  fi
}
retire() {
  [ -n "$retired" ] && return
  retired=1
  mv -f "$folder/${RECORD}" "$folder/${WITHDRAWN}" 2>/dev/null || return
  printf '%s\\n' "$1" > "$folder/${REASON}"
  printf '%s %s\\n' "\${folder##*/}" "$1" >> "$parent/${ENDS}"
}
look() {
  live=
  left=
  for lease in "$folder/${LEASES}"/*; do
    [ -f "$lease" ] || continue
    name=\${lease##*/}
    rest=\${name#*.}
    if same "\${name%%.*}" "\${rest%%.*}"; then
      live=1
      continue
    fi
    worked=
    taken=0
    while read -r word value more; do
      case $word in
        since) taken=$value ;;
        session) worked=1 ;;
      esac
    done < "$lease"
    if [ -n "$worked" ]; then
      printf '%s\\n' "$taken" >> "$folder/${ABORTED}"
      mv -f "$lease" "$folder/left-\${name}"
      left="$left left-\${name}"
      retire "a run was killed"
    else
      rm -f "$lease"
    fi
  done
  [ -n "$live" ] && for name in $left; do
    "$NODE" "$folder/${INTERRUPT}" "$folder/$name" < /dev/null > /dev/null 2>&1 3>&- &
  done
}
memory() {
  kb=0
  if [ -r "/proc/$server/status" ]; then
    while read -r word value unit; do
      if [ "$word" = VmRSS: ]; then kb=$value; fi
    done < "/proc/$server/status"
  else
    kb=$(ps -o rss= -p "$server" | tr -cd 0-9)
  fi
}
quit_session() {
  if [ -n "$SESSION" ]; then
    [ -e "$SESSION" ] || return 0
    while read -r line; do
      if [ "$line" = STATE=closing ]; then return 0; fi
    done < "$SESSION"
    return 1
  fi
  [ -n "$LEADER" ] && ! same "\${LEADER%% *}" "\${LEADER#* }"
}
since_abort() {
  least=
  while read -r value; do
    case $value in ''|*[!0-9]*) value=0 ;; esac
    if [ -z "$least" ] || [ "$value" -lt "$least" ]; then least=$value; fi
  done < "$folder/${ABORTED}"
}
find_left() {
  pids=
  for pid in $(marked "$mark"); do
    if [ -n "$least" ] && [ -r /proc/self/stat ]; then
      started "$pid" && [ "$start" -ge "$least" ] || continue
    fi
    pids="$pids $pid"
  done
}
finish() {
  if [ -f "$folder/${ABORTED}" ]; then
    since_abort
    [ -f "$folder/${RELEASE_FILE}" ] && sh "$folder/${RELEASE_FILE}"
  fi
  if [ -n "$server" ] && same "$server" "$begun"; then
    kill -s INT -- "-$server" 2>/dev/null || kill -s INT "$server"
    round=0
    while [ $round -lt 30 ] && same "$server" "$begun"; do
      round=$((round + 1))
      sleep 0.1 || sleep 1
    done
  fi
  [ -n "$server" ] && kill -s KILL -- "-$server" 2>/dev/null
  if [ -f "$folder/${ABORTED}" ] || [ -z "$begun" ]; then
    end_all 50 2
  fi
  rm -rf -- "$folder" || { sleep 1; rm -rf -- "$folder"; }
  exit 0
}
printf '%s %s\\n' "$mark" "$folder" >&3
read -r server begun
case $server in ''|*[!0-9]*) server= begun= ;; esac
if [ -z "$server" ]; then
  [ -d "$folder" ] && finish
  exit 0
fi
exec < /dev/null
clock
since=$now
printf '' > "$folder/seen"
while [ -d "$folder" ]; do
  look
  clock
  if [ -n "$server" ] && ! same "$server" "$begun"; then
    kill -s KILL -- "-$server" 2>/dev/null
    server=
    retire "${OPENCODE_ENDED}"
  fi
  if [ "$folder/${USES}" -nt "$folder/seen" ]; then
    printf '' > "$folder/seen"
    since=$now
  fi
  if [ -n "$live" ]; then
    since=$now
    tick=1
  else
    [ -n "$retired" ] && { look; [ -z "$live" ] && finish; }
    limit=0
    [ -r "$folder/${IDLE_LIMIT}" ] && read -r limit < "$folder/${IDLE_LIMIT}"
    case $limit in ''|*[!0-9]*) limit=0 ;; esac
    idle=$((now - since))
    tick=$((limit - idle))
    [ $tick -gt 5 ] && tick=5
    memory
    if [ $idle -ge "$limit" ]; then
      retire "no run used it for long enough"
    elif [ "$kb" -gt "$most" ]; then
      retire "it had grown to $((kb / 1024)) MB"
    elif quit_session; then
      retire "its user had logged out"
    fi
    [ -n "$retired" ] && continue
  fi
  sleep $tick 3>&- &
  sleeper=$!
  wait $sleeper
  kill $sleeper 2>/dev/null
done
finish
`;
