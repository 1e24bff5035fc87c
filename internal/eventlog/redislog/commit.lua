#!lua
-- Purpose: judge the commits of one call one after the other, append a record
-- for each that is accepted, apply its writes and ranks, and tell the log's
-- subscribers once if there was any: the head before, then the new records.
-- Bodies and data are never looked into.
--
-- KEYS
--   head      hash: number, id and at of the newest record, fence, sealed, for
--             trimming mark, mark_at and cut, and again, a count for its own sake
--   records   stream: entry <number>-0 with id, prev, at and data
--   entities  hash: name -> "<version> <number> <at> <body>"
--   ids       hash: commit id -> "<number> <at> <intent>", if remember is 0
--   id*       the same as a key that expires, one for each commit, if not
--   rank*     sorted sets, one for each name that a rank mentions
-- ARGV
--   remember trim keep    milliseconds, 0 for ever (keep bounds remember)
--   channel               where to publish the records of this call
--   records most          how what is published begins, and its most bytes;
--   wake                  what is published instead if it were more
--   again                 1 if a call that finds its commits there already is to
--                         write something: what it finds may not be replicated
--                         yet, and WAIT speaks of the connection's own writes
--   base                  the place in KEYS before the first rank*
--   commits               how many follow; of each:
--   length                how many values it has after this one
--   id intent not_before not_after fence raise_fence seal data
--   reads                 how many follow; of each: name version
--   name* version*
--   writes                how many follow; of each: name, 1 to set, body
--   entity* set* body*
--   ranks                 how many follow; of each:
--   set_key* member* number* score* from_stamp* remove*
-- Returns { time, then for each commit: status, number, at, id }: time is the
-- clock in milliseconds, status counts from 1 as eventlog.Status does; the rest
-- is the commit's record if it was committed now or before, else the head.

local COMMITTED, DUPLICATE, CONFLICT, ID_REUSED = 1, 2, 3, 4
local TOO_EARLY, TOO_LATE, FENCED, SEALED = 5, 6, 7, 8

local head, records, entities, ids = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local remember, trim, keep = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local channel, pushed, most, wake = ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
local again, base = ARGV[8] == '1', tonumber(ARGV[9])

-- tostring turns big numbers into 1.7e+15
local function int(n) return string.format('%d', n) end

local h = redis.call('HMGET', head, 'number', 'id', 'at', 'fence', 'sealed', 'mark', 'mark_at', 'cut')
local number, id, at = tonumber(h[1] or 0), h[2] or '', tonumber(h[3] or 0)
local fence, sealed = tonumber(h[4] or 0), h[5] == '1'
local time = redis.call('TIME')
local clock = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local stamp = math.max(clock, at) -- stamps never go back
local first, last_id, last_at = number, id, at
local news, size = {}, 0 -- the records of this call, as they are published

local function version_differs(name, version)
  local held = redis.call('HGET', entities, name)
  if not held then return version ~= '' end
  return version == '' or string.sub(held, 1, #version + 1) ~= version .. ' '
end

-- judge returns a status, and of an earlier commit its number and stamp
local function judge(i, was)
  if was then
    local n, t, intent = string.match(was, '^(%d+) (%d+) (.*)$')
    if intent ~= ARGV[i + 1] then return ID_REUSED end
    return DUPLICATE, tonumber(n), tonumber(t)
  end
  local not_before, not_after = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local own_fence = tonumber(ARGV[i + 4])
  if sealed and ARGV[i + 6] ~= '1' then return SEALED end
  if own_fence ~= 0 and own_fence < fence then return FENCED end
  for r = i + 9, i + 7 + 2 * tonumber(ARGV[i + 8]), 2 do
    if version_differs(ARGV[r], ARGV[r + 1]) then return CONFLICT end
  end
  if not_before ~= 0 and stamp < not_before then return TOO_EARLY end
  if not_after ~= 0 and stamp > not_after then return TOO_LATE end
  return COMMITTED
end

local function apply(i)
  local prev = id
  number, id, at = number + 1, ARGV[i], stamp
  redis.call('XADD', records, int(number) .. '-0', 'id', id, 'prev', prev, 'at', int(at), 'data', ARGV[i + 7])
  local new = #id .. ' ' .. #ARGV[i + 7] .. '\n' .. id .. ARGV[i + 7]
  size = size + #new
  if size <= most then news[#news + 1] = new end
  fence = math.max(fence, tonumber(ARGV[i + 5]))
  sealed = sealed or ARGV[i + 6] == '1'

  local p = i + 9 + 2 * tonumber(ARGV[i + 8])
  local label = id .. ' ' .. int(number) .. ' ' .. int(at) .. ' '
  for _ = 1, tonumber(ARGV[p]) do
    if ARGV[p + 2] == '1' then
      redis.call('HSET', entities, ARGV[p + 1], label .. ARGV[p + 3])
    else
      redis.call('HDEL', entities, ARGV[p + 1])
    end
    p = p + 3
  end
  p = p + 1
  for r = p + 1, p + 6 * tonumber(ARGV[p]), 6 do
    local n, score = tonumber(ARGV[r + 2]), tonumber(ARGV[r + 3])
    if n == 0 then n = number end
    if ARGV[r + 4] == '1' then score = score + at end
    local key = string.format('%016d:', n) .. ARGV[r + 1]
    if ARGV[r + 5] == '1' then
      redis.call('ZREM', KEYS[base + tonumber(ARGV[r])], key)
    else
      redis.call('ZADD', KEYS[base + tonumber(ARGV[r])], int(score), key)
    end
  end
end

local replies, i, found = { clock }, 11, false
for c = 1, tonumber(ARGV[10]) do
  local length = tonumber(ARGV[i])
  i = i + 1
  local was
  if remember == 0 then was = redis.call('HGET', ids, ARGV[i])
  else was = redis.call('GET', KEYS[4 + c]) end
  local status, n, t = judge(i, was)
  found = found or status == DUPLICATE
  if status == COMMITTED then
    apply(i)
    local entry = int(number) .. ' ' .. int(at) .. ' ' .. ARGV[i + 1]
    if remember == 0 then
      redis.call('HSET', ids, id, entry)
    else
      local ms = remember
      if keep > 0 then ms = math.min(ms, keep) end
      redis.call('SET', KEYS[4 + c], entry, 'PX', int(ms))
    end
  end
  replies[#replies + 1] = status
  replies[#replies + 1] = n or number
  replies[#replies + 1] = t or at
  replies[#replies + 1] = n and ARGV[i] or id
  i = i + length
end
if number == first then
  if again and found then redis.call('HINCRBY', head, 'again', 1) end
  return replies
end

-- All records up to mark were written by mark_at. Once that is trim ago they may
-- go, a thousand at a call and in whole nodes of the stream, and the mark moves
-- to the head.
local mark, mark_at, cut = tonumber(h[6] or 0), tonumber(h[7] or 0), tonumber(h[8] or 0)
if trim > 0 then
  if mark == 0 then
    mark, mark_at = number, at
  elseif at - mark_at >= trim then
    cut, mark, mark_at = mark, number, at
  end
  if cut > 0 and redis.call('XTRIM', records, 'MINID', '~', int(cut + 1) .. '-0', 'LIMIT', '1000') == 0 then
    cut = 0
  end
end
redis.call('HSET', head, 'number', int(number), 'id', id, 'at', int(at), 'fence', int(fence),
  'sealed', sealed and '1' or '0', 'mark', int(mark), 'mark_at', int(mark_at), 'cut', int(cut))
if keep > 0 then
  for k = 1, 4 do redis.call('PEXPIRE', KEYS[k], int(keep)) end
end
if size <= most then
  wake = pushed .. int(first) .. ' ' .. int(last_at) .. ' ' .. int(at) .. ' ' .. #last_id .. '\n' .. last_id .. table.concat(news)
end
redis.call('PUBLISH', channel, wake)
return replies
