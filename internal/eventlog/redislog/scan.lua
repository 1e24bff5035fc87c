#!lua flags=no-writes
-- Purpose: one page of a log's entities, and who gave it.
-- KEYS
--   entities   hash, as in commit.lua
-- ARGV
--   cursor count   as of HSCAN
-- Returns { next cursor, { name, value, ... }, server }: server is the id of this
-- run of the process, or empty where INFO is not allowed.

local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and string.match(info, 'run_id:(%w+)')
return { page[1], page[2], server or '' }
