// Preloaded into Node.js programs: end in good order when whoever started them closes standard input or is gone.
process.stdin.resume();
process.stdin.on("end", () => process.emit("SIGTERM"));
