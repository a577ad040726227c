# A virtual display with a window manager; read by the scripts that drive the real window.
display_up() { # WIDTHxHEIGHT
  local number
  number=$(mktemp)
  # The first that is free. Without -noreset it begins anew when its last client ends, and whoever comes
  # just then is thrown out.
  Xvfb -displayfd 3 -screen 0 "$1x24" -nolisten tcp -noreset 3>"$number" >/dev/null 2>&1 &
  DISPLAY_PIDS=($!)
  until_true 60 test -s "$number"
  export DISPLAY=:$(cat "$number") LIBGL_ALWAYS_SOFTWARE=1
  rm "$number"
  unset WAYLAND_DISPLAY
  until_true 60 xdpyinfo
  openbox >/dev/null 2>&1 &
  DISPLAY_PIDS+=($!)
  until_true 60 managed
}
managed() { xprop -root _NET_SUPPORTING_WM_CHECK | grep 'window id'; }
display_down() { kill "${DISPLAY_PIDS[@]}" 2>/dev/null || true; }
until_true() { # SECONDS COMMAND...: waits until the command succeeds
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "waited too long for: $*" >&2; return 1; }
    sleep 0.2
  done
}
window_of() { xdotool search --onlyvisible --name 'Coverslip' | grep -m 1 .; }
