#!lua
-- Purpose: judge the commits of one call one after the other, append a record
-- for each that is accepted, apply its writes and ranks, and tell the log's
-- subscribers once if there was any: the head before, then the new records.
-- Bodies and data are never looked into.
--
-- KEYS
--   head      hash: number, id and at of the newest record; fence and sealed once
--             they are set; for trimming mark, mark_at and cut; until, the clock at
--             which the log's keys expire; again, a count for its own sake; and, if
--             remember is 0, "=<commit id>" -> "<number> <at> <intent>"
--   records   stream: entry <number>-0 with id, prev, at and data
--   entities  hash: name -> "<version> <number> <at> <body>"
--   id*       "<number> <at> <intent>" of a commit, which expires; one for each
--             commit, if remember is not 0
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

local head, records, entities = KEYS[1], KEYS[2], KEYS[3]
local call, argv = redis.call, ARGV
local remember, trim, keep = argv[1], tonumber(argv[2]), tonumber(argv[3])
local base, commits = tonumber(argv[9]), tonumber(argv[10])

-- tostring turns big numbers into 1.7e+15, and takes longer
local function int(n) return string.format('%d', n) end

-- What Lua does here takes longer than what it asks Redis for: of the head only
-- what the log uses is looked at, numbers stay text where they are only passed
-- on, and each is made text once.
local h, first_mark
if trim > 0 then
  h = call('HMGET', head, 'number', 'id', 'at', 'fence', 'sealed', 'mark', 'mark_at', 'cut', 'until')
elseif remember == '0' then
  first_mark = '=' .. argv[12]
  h = call('HMGET', head, 'number', 'id', 'at', 'fence', 'sealed', 'until', first_mark)
else
  h = call('HMGET', head, 'number', 'id', 'at', 'fence', 'sealed', 'until')
end
local number, id, at = tonumber(h[1] or 0), h[2] or '', tonumber(h[3] or 0)
local fence, sealed = tonumber(h[4] or 0), h[5] == '1'
local had_fence, was_sealed = fence, sealed
local time = call('TIME')
local clock = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local stamp = math.max(clock, at) -- stamps never go back
local stamp_text = int(stamp)
local first, first_id, first_at = h[1] or '0', id, h[3] or '0'
local next_text = int(number + 1)
local news, size, wrote = {}, 0, false -- the records of this call, as they are published
local most = tonumber(argv[6])
local remember_for = remember
if keep > 0 and tonumber(remember) > keep then remember_for = argv[3] end

-- judge returns a status, whatever came of this commit before
local function judge(i)
  if sealed and argv[i + 6] ~= '1' then return SEALED end
  local own = argv[i + 4]
  if own ~= '0' and tonumber(own) < fence then return FENCED end
  local reads = argv[i + 8]
  if reads ~= '0' then
    for r = i + 9, i + 7 + 2 * tonumber(reads), 2 do
      local held, version = call('HGET', entities, argv[r]), argv[r + 1]
      if not held then
        if version ~= '' then return CONFLICT end
      elseif version == '' or string.sub(held, 1, #version + 1) ~= version .. ' ' then
        return CONFLICT
      end
    end
  end
  if argv[i + 2] ~= '0' and stamp < tonumber(argv[i + 2]) then return TOO_EARLY end
  if argv[i + 3] ~= '0' and stamp > tonumber(argv[i + 3]) then return TOO_LATE end
  return COMMITTED
end

-- earlier finds what this commit left when it was committed before
local function earlier(c, i)
  if remember ~= '0' then return call('GET', KEYS[3 + c]) end
  if c == 1 and first_mark then return h[7] end
  return call('HGET', head, '=' .. argv[i])
end

-- apply returns the number of the new record
local function apply(i)
  local data, prev, text = argv[i + 7], id, next_text
  number, id, at = number + 1, argv[i], stamp
  next_text = int(number + 1)
  call('XADD', records, text .. '-0', 'id', id, 'prev', prev, 'at', stamp_text, 'data', data)
  local new = int(#id) .. ' ' .. int(#data) .. '\n' .. id .. data
  size = size + #new
  if size <= most then news[#news + 1] = new end
  if argv[i + 5] ~= '0' then fence = math.max(fence, tonumber(argv[i + 5])) end
  if argv[i + 6] == '1' then sealed = true end

  local p = i + 9 + 2 * tonumber(argv[i + 8])
  local writes = tonumber(argv[p])
  if writes > 0 then
    local label = id .. ' ' .. text .. ' ' .. stamp_text .. ' '
    for _ = 1, writes do
      if argv[p + 2] == '1' then
        call('HSET', entities, argv[p + 1], label .. argv[p + 3])
        wrote = true
      else
        call('HDEL', entities, argv[p + 1])
      end
      p = p + 3
    end
  end
  p = p + 1
  if argv[p] ~= '0' then
    for r = p + 1, p + 6 * tonumber(argv[p]), 6 do
      local n, score = tonumber(argv[r + 2]), argv[r + 3]
      if n == 0 then n = number end
      if argv[r + 4] == '1' then score = score == '0' and stamp_text or int(tonumber(score) + stamp) end
      local key = string.format('%016d:', n) .. argv[r + 1]
      if argv[r + 5] == '1' then
        call('ZREM', KEYS[base + tonumber(argv[r])], key)
      else
        call('ZADD', KEYS[base + tonumber(argv[r])], score, key)
      end
    end
  end
  return text
end

local replies, i, found = { clock }, 11, false
local number_text, mark, mark_entry
for c = 1, commits do
  local length = tonumber(argv[i])
  i = i + 1
  local status = judge(i)
  local entry = earlier(c, i)
  local n, t, of = number, at, id
  if entry then
    local m, s, intent = string.match(entry, '^(%d+) (%d+) (.*)$')
    if intent == argv[i + 1] then
      status, n, t, of = DUPLICATE, tonumber(m), tonumber(s), argv[i]
      found = true
    else
      status = ID_REUSED
    end
  elseif status == COMMITTED then
    number_text = apply(i)
    n, t, of = number, at, id
    -- Only now: a script that fails at the record is not undone.
    mark, mark_entry = '=' .. id, number_text .. ' ' .. stamp_text .. ' ' .. argv[i + 1]
    if remember ~= '0' then
      call('SET', KEYS[3 + c], mark_entry, 'PX', remember_for)
      mark = nil
    elseif c < commits then
      call('HSET', head, mark, mark_entry) -- the next may be the same
      mark = nil
    end
  end
  local r = #replies
  replies[r + 1], replies[r + 2], replies[r + 3], replies[r + 4] = status, n, t, of
  i = i + length
end
if not number_text then
  if argv[8] == '1' and found then call('HINCRBY', head, 'again', 1) end
  return replies
end

if mark then
  call('HSET', head, 'number', number_text, 'id', id, 'at', stamp_text, mark, mark_entry)
else
  call('HSET', head, 'number', number_text, 'id', id, 'at', stamp_text)
end
if fence ~= had_fence then call('HSET', head, 'fence', int(fence)) end
if sealed and not was_sealed then call('HSET', head, 'sealed', '1') end

-- All records up to mark were written by mark_at. Once that is trim ago they may
-- go, a thousand at a call and in whole nodes of the stream, and the mark moves
-- to the head.
if trim > 0 then
  local mark_at, cut = tonumber(h[7] or 0), tonumber(h[8] or 0)
  if not h[6] or at - mark_at >= trim then
    cut = tonumber(h[6] or 0)
    call('HSET', head, 'mark', number_text, 'mark_at', stamp_text, 'cut', int(cut))
  end
  if cut > 0 and call('XTRIM', records, 'MINID', '~', int(cut + 1) .. '-0', 'LIMIT', '1000') == 0 then
    call('HSET', head, 'cut', '0')
  end
end

-- The keys live for keep and up to a 64th more, so that most calls leave it at that.
if keep > 0 then
  local ends = tonumber(h[trim > 0 and 9 or 6] or 0)
  local most_ends = clock + keep + math.floor(keep / 64)
  if ends < clock + keep or ends > most_ends then
    local text = int(most_ends)
    call('HSET', head, 'until', text)
    for k = 1, 3 do call('PEXPIREAT', KEYS[k], text) end
  elseif wrote then
    call('PEXPIREAT', entities, int(ends))
  end
end
if size <= most then
  call('PUBLISH', argv[4], argv[5] .. first .. ' ' .. first_at .. ' ' .. stamp_text .. ' ' .. int(#first_id) .. '\n' .. first_id .. table.concat(news))
else
  call('PUBLISH', argv[4], argv[7])
end
return replies
