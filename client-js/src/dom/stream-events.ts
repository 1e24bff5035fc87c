const broken = 1006;

/** Reads the events of an answer, and returns the code of its close event; undefined where there is none. */
export async function read({ ok, body }: Response, signal: AbortSignal, take: (text: string) => void): Promise<number | undefined> {
  if (!ok || body === null) {
    return broken;
  }
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      if (signal.aborted) {
        return broken;
      }
      const data = event.slice(event.indexOf("data: ") + 6);
      if (event.startsWith("event: close")) {
        return (JSON.parse(data) as { code: number }).code;
      }
      take(data);
    }
  }
}
