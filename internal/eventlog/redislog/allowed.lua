#!lua
-- Purpose: run every command that commits, leases, scans and the registry of nodes
-- use, so that one that the user may no longer run is found before it is needed: a
-- script that is refused in its middle is not undone.
-- KEYS
--   hash stream set text   of a probe: only the probe uses them
-- ARGV
--   channel   of the probe: it has no subscribers
--   until     when the keys expire, in milliseconds
-- Returns { command, error, ... } of those that failed.

local hash, stream, set, text = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local failed = {}
for _, words in ipairs({
  { 'TIME' }, { 'DEL', hash, stream, set, text },
  { 'HSET', hash, 'f', 1 }, { 'HGET', hash, 'f' }, { 'HMGET', hash, 'f' }, { 'HGETALL', hash },
  { 'HINCRBY', hash, 'n', 1 }, { 'HSCAN', hash, 0 }, { 'HDEL', hash, 'n' },
  { 'XADD', stream, '*', 'f', 1 }, { 'XRANGE', stream, '-', '+', 'COUNT', 1 }, { 'XTRIM', stream, 'MAXLEN', '~', 1 },
  { 'ZADD', set, 1, 'm' }, { 'ZREM', set, 'm' },
  { 'SET', text, 1 }, { 'GET', text }, { 'PTTL', text }, { 'PEXPIRE', text, 1000 },
  { 'PEXPIREAT', hash, ARGV[2] }, { 'PEXPIREAT', stream, ARGV[2] }, { 'PUBLISH', ARGV[1], 'w' },
}) do
  local answer = redis.pcall(unpack(words))
  if type(answer) == 'table' and answer.err then
    failed[#failed + 1] = words[1]
    failed[#failed + 1] = answer.err
  end
end
return failed
