#!lua
-- Purpose: judge the commits of a call one after the other, append a record for
-- each that is accepted, apply its writes and ranks, and tell each log's
-- subscribers once if there was any: the head before, then the new records.
-- Bodies and data are never looked into. Logs are independent: if one fails, its
-- commits are answered with status 0, and the other logs are not affected.
--
-- KEYS
--   of each log:
--   head      hash: number, id and at of the newest record; fence, sealed and
--             until, the clock at which the log's keys expire, once one of them is
--             set; for trimming mark, mark_at and cut; again, a counter that only
--             gives WAIT a write to wait for; lead, "<milliseconds> <clock>", how far stamps were ahead of the
--             clock at that clock, once it was set back; and, if remember is 0,
--             "=<commit id>" -> "<number> <at> <intent>"
--   records   stream: entry <number>-0 with id, prev, at and data; for a moment, in
--             the run that seals the log, there is a copy of it beside it
--   entities  hash: name -> "<version> <number> <at> <body>"
--   id*       "<number> <at> <intent>" of a commit, which expires; one for each
--             commit, if remember is not 0
--   rank*     sorted sets, one for each name that a rank mentions
-- ARGV
--   again                 its first letter is 1 if a call that finds its commits there already is to
--                         write something: what it finds may not be replicated
--                         yet, and WAIT speaks of the connection's own writes.
--                         What follows it ends the names of channels, which all
--                         databases of a server share: nothing for database 0
--   then of each log:
--   keys values           how many KEYS it has, and how many values after this one
--   remember trim keep    milliseconds, 0 for ever (keep bounds remember)
--   commits               how many follow, 0 to ask for the log's time only; of each:
--   id intent data
--   limits                "", or its fence, or "<fence> <not_before> <not_after>
--                         <raise_fence> <seal>"
--   rest                  how many values it has after this one: none if it touches
--                         no entity and no rank, or
--   reads                 how many follow
--   name*                 of all, then
--   version*              of all
--   writes                how many follow; of each:
--   entity* body*
--   removals              how many follow; of each:
--   removed*
--   ranks                 how many follow; of each:
--   set_key*              which of the log's rank*
--   how*                  add; stamp, to add the record's stamp to the score; rem
--   score* number* member*
-- Returns { time, then for each commit: status, number, at, id, then for each log:
-- stamp }: time is the clock in milliseconds, status counts from 1 as
-- eventlog.Status does; the rest is the commit's record if it was committed now or
-- before, else the head, and id is nil if it is the commit's own. Status 0 is a log
-- that failed, id says why. stamp is what the log's next record would have.

local COMMITTED, DUPLICATE, CONFLICT, ID_REUSED = 1, 2, 3, 4
local TOO_EARLY, TOO_LATE, FENCED, SEALED = 5, 6, 7, 8

-- Lua costs more time here than the commands of Redis do. So the script reads only the
-- fields of the head that the log uses, keeps numbers as text where it only passes them
-- on, and converts each number to text once.
local call, keys, argv = redis.call, KEYS, ARGV
local again, database = string.sub(argv[1], 1, 1) == '1', string.sub(argv[1], 2)

-- tostring turns big numbers into 1.7e+15, and takes longer
local function int(n) return string.format('%d', n) end

local time = call('TIME')
local clock = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local clock_text = int(clock)
local replies, r = { clock }, 1

-- The log that commit is working on.
local head, records, entities, ranks -- ranks: the place in KEYS before its first rank*
local number, id, at, fence, sealed -- what the newest commit has made of the head
local raised, seals -- what the newest commit would make of fence and sealed
local stamp, stamp_text, number_text, next_text
local news, size, wrote -- the records of this call, as they are published behind the head
local loose -- the newest number of the head, while records above it are not in the head yet
local claims -- the id* of those records, and of one that is not written yet

-- How many bytes of records are published at once; followers read what is beyond it.
local MOST = 65536

-- differs compares an entity with the version that the decider saw.
local function differs(held, version)
  if not held then return version ~= '' end
  return version == '' or string.sub(held, 1, #version + 1) ~= version .. ' '
end

-- paced returns the next stamp of a log that is, or was, ahead of the clock. Stamps
-- never go back, and they do not stand still either, since deadlines have to pass:
-- they go on by the time that passes on the clock, a 64th slower, until the clock has
-- caught up with the newest stamp, mostly because it was set right. A script of an older
-- release ignores lead and repeats the newest stamp until then.
local function paced(lead)
  if clock >= at then
    call('HDEL', head, 'lead')
    return clock
  end
  local ahead, made = string.match(lead or '', '^(%d+) (%d+)$')
  ahead, made = tonumber(ahead or 0), tonumber(made or 0)
  if clock >= made then
    ahead = math.max(0, ahead - math.floor((clock - made) / 64))
    if clock + ahead >= at then return clock + ahead end
  end
  call('HSET', head, 'lead', int(at - clock) .. ' ' .. clock_text) -- the clock was set back just now
  return at
end

-- judge returns the status that the commit has if it was not committed before.
local function judge(i)
  local limits, seal, not_before, not_after, own = argv[i + 3], false, nil, nil, nil
  raised = nil
  if limits ~= '' then
    own = tonumber(limits)
    if not own then
      own, not_before, not_after, raised, seal = string.match(limits, '^(%d+) (%S+) (%S+) (%d+) (%d)$')
      own, seal = tonumber(own), seal == '1'
    end
  end
  seals = seal
  if sealed and not seal then return SEALED end
  if own and own ~= 0 and own < fence then return FENCED end
  if argv[i + 4] ~= '0' then
    local n, before = tonumber(argv[i + 5]), i + 5
    for from = 1, n, 1000 do -- unpack takes no more than some thousands
      local to = math.min(n, from + 999)
      local held = call('HMGET', entities, unpack(argv, before + from, before + to))
      for r = from, to do
        if differs(held[r - from + 1], argv[before + n + r]) then return CONFLICT end
      end
    end
  end
  if not_before and not_before ~= '0' and stamp < tonumber(not_before) then return TOO_EARLY end
  if not_after and not_after ~= '0' and stamp > tonumber(not_after) then return TOO_LATE end
  return COMMITTED
end

-- touch applies a commit's writes and ranks, which begin at place p.
local function touch(p, own, text)
  local label = own .. ' ' .. text .. ' ' .. stamp_text .. ' '
  local ends = p + 2 * tonumber(argv[p])
  p = p + 1
  while p < ends do
    wrote = true
    if p + 2 < ends then -- mostly there are two
      call('HSET', entities, argv[p], label .. argv[p + 1], argv[p + 2], label .. argv[p + 3])
      p = p + 4
    else
      call('HSET', entities, argv[p], label .. argv[p + 1])
      p = p + 2
    end
  end
  ends = p + tonumber(argv[p])
  while p < ends do
    p = p + 1
    call('HDEL', entities, argv[p])
  end
  p = p + 1
  if argv[p] ~= '0' then
    for r = p + 1, p + 5 * tonumber(argv[p]), 5 do
      local how, score, n = argv[r + 1], argv[r + 2], tonumber(argv[r + 3])
      if n == 0 then n = number end
      local key = string.format('%016d:', n) .. argv[r + 4]
      if how == 'rem' then
        call('ZREM', keys[ranks + tonumber(argv[r])], key)
      else
        if how == 'stamp' then score = score == '0' and stamp_text or int(tonumber(score) + stamp) end
        call('ZADD', keys[ranks + tonumber(argv[r])], score, key)
      end
    end
  end
end

-- apply appends the record.
local function apply(i)
  local own, data, text = argv[i], argv[i + 2], next_text
  number_text = text
  call('XADD', records, text, 'id', own, 'prev', id, 'at', stamp_text, 'data', data)
  number, id, at = number + 1, own, stamp
  next_text = nil
  size = size + #data
  if size <= MOST then
    local n = #news
    news[n + 1], news[n + 2] = #own .. ' ' .. #data .. '\n' .. own, data
  end
  if raised then fence = math.max(fence, tonumber(raised)) end
  if seals then sealed = true end
  if argv[i + 4] ~= '0' then touch(i + 6 + 2 * tonumber(argv[i + 5]), own, text) end
end

-- undo removes the records that a log got before it failed, for example for want of a
-- permission: records above its head would collide with the next ones.
local function undo()
  if #claims > 0 then redis.pcall('DEL', unpack(claims)) end
  if number > loose then
    local added = {}
    for n = loose + 1, number do added[#added + 1] = int(n) end
    redis.pcall('XDEL', records, unpack(added))
    redis.pcall('XSETID', records, int(loose) .. '-0')
  end
end

-- commit serves the log whose keys come after place k and whose values begin at i.
local function commit(k, i)
  head, records, entities = keys[k + 1], keys[k + 2], keys[k + 3]
  local remember, trim, keep, commits = argv[i], argv[i + 1], tonumber(argv[i + 2]), tonumber(argv[i + 3])
  local remembers = remember ~= '0'
  ranks = k + 3 + (remembers and commits or 0)
  i = i + 4
  local h, first_mark
  if trim ~= '0' then
    h = call('HMGET', head, 'number', 'id', 'at', 'fence', 'sealed', 'until', 'lead', 'mark', 'mark_at', 'cut')
  elseif remembers then
    h = call('HMGET', head, 'number', 'id', 'at', 'fence', 'sealed', 'until', 'lead')
  else
    first_mark = '=' .. (argv[i] or '')
    h = call('HMGET', head, 'number', 'id', 'at', 'fence', 'sealed', 'until', 'lead', first_mark)
  end
  number, id, at = tonumber(h[1] or 0), h[2] or '', tonumber(h[3] or 0)
  fence, sealed = tonumber(h[4] or 0), h[5] == '1'
  local had_number, had_id, had_fence, was_sealed = number, id, fence, sealed
  loose, claims = number, {}
  stamp, stamp_text = clock, clock_text
  if at > clock or h[7] then
    stamp = paced(h[7])
    stamp_text = int(stamp)
  end
  next_text = nil
  news, size, wrote = { '' }, 0, false
  if keep > 0 and tonumber(remember) > keep then remember = argv[i - 2] end

  local found, mark, mark_entry = false, nil, nil
  for c = 1, commits do
    local own, intent = argv[i], argv[i + 1]
    next_text = next_text or int(number + 1)
    local status = judge(i)
    local entry -- what this commit left when it was committed before
    if remembers then
      local key = keys[k + 3 + c]
      if status == COMMITTED then
        entry = call('SET', key, next_text .. ' ' .. stamp_text .. ' ' .. intent, 'NX', 'GET', 'PX', remember)
        if not entry then claims[#claims + 1] = key end
      else
        entry = call('GET', key)
      end
    elseif c == 1 and first_mark then
      entry = h[8]
    else
      entry = call('HGET', head, '=' .. own)
    end
    local n, s, of = number, at, id
    if entry then
      local m, t, first_intent = string.match(entry, '^(%d+) (%d+) (.*)$')
      if first_intent == intent then
        status, n, s, of = DUPLICATE, tonumber(m), tonumber(t), false
        found = true
      else
        status = ID_REUSED
      end
    elseif status == COMMITTED then
      if not remembers then
        mark, mark_entry = c == 1 and first_mark or '=' .. own, next_text .. ' ' .. stamp_text .. ' ' .. intent
      end
      apply(i)
      n, s, of = number, stamp, false
      if mark and c < commits then
        call('HSET', head, mark, mark_entry) -- the next may be the same
        mark = nil
      end
    end
    replies[r + 1], replies[r + 2], replies[r + 3], replies[r + 4] = status, n, s, of
    r = r + 4
    i = i + 5 + tonumber(argv[i + 4])
  end
  if number == had_number then
    if again and found then call('HINCRBY', head, 'again', 1) end
    return
  end

  -- The keys live for keep and up to a 64th more, so that most calls need not set it again.
  local expires, ends = false, h[6] or '0'
  if keep > 0 then
    local most_ends = clock + keep + math.floor(keep / 64)
    local planned = tonumber(ends)
    expires = planned < clock + keep or planned > most_ends
    if expires then ends = int(most_ends) end
  end
  if not mark then mark, mark_entry = 'id', id end
  if expires or fence ~= had_fence or sealed ~= was_sealed then
    call('HSET', head, 'number', number_text, 'id', id, 'at', stamp_text, mark, mark_entry,
      'fence', int(fence), 'sealed', sealed and '1' or '0', 'until', ends)
  else
    call('HSET', head, 'number', number_text, 'id', id, 'at', stamp_text, mark, mark_entry)
  end
  loose = nil
  if expires then
    for n = 1, (wrote or had_number > 0) and 3 or 2 do call('PEXPIREAT', keys[k + n], ends) end
  elseif wrote and keep > 0 then
    call('PEXPIREAT', entities, ends)
  end

  -- All records up to mark were written by mark_at. Once that is trim ago they may
  -- go, a thousand at a call and in whole nodes of the stream, and the mark moves
  -- to the head.
  if trim ~= '0' then
    local mark_at, cut = tonumber(h[9] or 0), tonumber(h[10] or 0)
    if not h[8] or at - mark_at >= tonumber(trim) then
      cut = tonumber(h[8] or 0)
      call('HSET', head, 'mark', number_text, 'mark_at', stamp_text, 'cut', int(cut))
    end
    if cut > 0 and call('XTRIM', records, 'MINID', '~', int(cut + 1) .. '-0', 'LIMIT', '1000') == 0 then
      call('HSET', head, 'cut', '0')
    end
  end

  -- No record follows a seal. A stream keeps 4 KB free for its next entries, and a copy
  -- of it does not. If the copy fails, only the memory is lost.
  if sealed and not was_sealed and redis.pcall('COPY', records, records .. ':copy', 'REPLACE') == 1 then
    redis.pcall('RENAME', records .. ':copy', records)
  end

  local payload = 'w' -- only a wake-up
  if size <= MOST then
    local after = 'r' .. (h[1] or '0') .. ' ' .. (h[3] or '0') .. ' ' .. stamp_text .. ' ' .. #had_id .. '\n' .. had_id
    if #news == 3 then
      payload = after .. news[2] .. news[3]
    else
      news[1] = after
      payload = table.concat(news)
    end
  end
  local channel = string.sub(head, 1, -5) .. 'signals'
  if database ~= '' then
    call('PUBLISH', channel .. database, payload)
    payload = 'o' -- wakes gateways that do not know channels by database
  end
  call('PUBLISH', channel, payload)
end

local k, i, stamps = 0, 2, {}
while argv[i] do
  local answered = r
  loose, stamp = nil, clock
  local ok, why = pcall(commit, k, i + 2)
  if not ok then
    if loose then undo() end -- a script that fails is not undone by Redis
    why = type(why) == 'table' and why.err or tostring(why)
    r = answered
    for _ = 1, tonumber(argv[i + 5]) do
      replies[r + 1], replies[r + 2], replies[r + 3], replies[r + 4] = 0, 0, 0, why
      r = r + 4
    end
  end
  stamps[#stamps + 1] = stamp
  k, i = k + tonumber(argv[i]), i + 2 + tonumber(argv[i + 1])
end
for n = 1, #stamps do replies[r + n] = stamps[n] end
return replies
