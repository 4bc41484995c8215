#!/bin/sh
# Decides whether claims are sent: an 837P on standard input, the exit status decides.
#
#   hook.sh < claims.837 && send claims.837
#
# 0    send
# 1    hold: findings; the report is on standard output
# else hold: the claims were not checked

facet check --fail-on error --time-budget 30 -
status=$?

case $status in
    0) ;;
    1) echo "hook: hold, there are findings" >&2 ;;
    *) echo "hook: hold, not checked (status $status)" >&2 ;;
esac
exit "$status"
