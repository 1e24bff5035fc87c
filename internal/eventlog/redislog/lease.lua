#!lua flags=allow-oom
-- Purpose: take a lease, or renew it if it is the owner's. Also when Redis is
-- out of memory: who dispatches has to go on.
-- KEYS
--   lease   string: the owner, expiring with the lease
-- ARGV
--   owner ttl   ttl in milliseconds
-- Returns 1 if owner holds the lease from now for ttl, else 0. Who wants a lease that
-- another has for longer than that cuts it to ttl: it was taken before the clock was
-- set back, and its owner may live no more.

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  if redis.call('PTTL', KEYS[1]) > tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
