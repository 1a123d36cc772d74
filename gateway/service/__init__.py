"""The gateway at work: threads that read, one that concludes and writes, one that sends, one that keeps them alive."""
