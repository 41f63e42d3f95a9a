@rem npm scripts start with `exec`, which POSIX shells know, so that signals reach Node and not a shell before it.
@%*
