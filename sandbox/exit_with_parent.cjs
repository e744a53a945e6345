// Preloaded into Node.js programs: end in good order when whoever started them closes standard input or is gone.
process.stdin.resume();
process.stdin.on("end", () => {
  process.emit("SIGINT");
  // A client that keeps its connection open must not keep the program.
  setTimeout(() => process.exit(0), 3000).unref();
});
