-- /etc/apache2/portvakt-wiki.lua
-- Asks Portvakt before every request to the app. Needs the packages lua-socket and lua-sec.

local HOST = "wiki.region.example"
local PORTVAKT, PORT = "id.region.example", 443
local AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
local SECONDS = 5

local socket = require("socket")
local ssl = require("ssl")

local OURS = { ["/.portvakt/start"] = true, ["/.portvakt/ticket"] = true, ["/.portvakt/sign-out"] = true }
local PASSED_ON = { "Cookie", "Accept", "Upgrade", "X-Requested-With", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "User-Agent" }
local TLS = { mode = "client", protocol = "any", options = { "all", "no_sslv3", "no_tlsv1", "no_tlsv1_1" },
              verify = "peer", cafile = AUTHORITIES }

local line -- kept open for the next request of this thread

-- Whether a certificate is for the name that was asked for, letter by letter.
local function is_for(certificate, name)
    local names = certificate:extensions()["2.5.29.17"] or {}
    for _, each in ipairs(names.dNSName or {}) do
        each = each:lower()
        if each == name or (each:sub(1, 2) == "*." and name:match("^[^.]+(%..+)$") == each:sub(2)) then
            return true
        end
    end
    return false
end

local function connected()
    local tcp = assert(socket.connect(PORTVAKT, PORT))
    tcp:settimeout(SECONDS)
    local tls = assert(ssl.wrap(tcp, TLS))
    tls:sni(PORTVAKT)
    assert(tls:dohandshake())
    if not is_for(assert(tls:getpeercertificate()), PORTVAKT) then
        error("the certificate is not for " .. PORTVAKT)
    end
    tls:settimeout(SECONDS)
    return tls
end

-- Sends one request, and returns the status and the headers of the answer, which has no body.
local function asked(request)
    assert(line:send(request))
    local status = tonumber(assert(line:receive("*l")):match("^HTTP/1%.1 (%d%d%d)"))
    local headers, answer = {}, assert(line:receive("*l"))
    while answer ~= "" do
        local name, value = answer:match("^([^:%s]+):%s*(.-)%s*$")
        headers[name:lower()] = value
        answer = assert(line:receive("*l"))
    end
    local length = tonumber(headers["content-length"] or "0")
    if length > 0 then assert(line:receive(length)) end
    if headers["transfer-encoding"] or headers["connection"] == "close" then
        line:close()
        line = nil
    end
    return status, headers
end

local function answer_to(request)
    if line then
        local fine, status, headers = pcall(asked, request)
        if fine then return status, headers end
        line:close()
    end
    line = connected() -- the one that was kept open had been closed
    return asked(request)
end

local function clean(value)
    return (tostring(value):gsub("%c", ""))
end

function check(r)
    -- Nobody but Portvakt says who somebody is. With underscores too: some app servers read them as hyphens.
    for name in pairs(r:headers_in_table()) do
        if name:lower():match("^remote[-_]") then r.headers_in[name] = nil end
    end
    if OURS[r.uri] then return apache2.OK end
    if r.uri:match("^/%.portvakt") then return 404 end

    local request = { "GET /.portvakt/check HTTP/1.1", "Host: " .. PORTVAKT,
        "X-Forwarded-Host: " .. HOST, "X-Forwarded-For: " .. r.useragent_ip, "X-Forwarded-Proto: https",
        "X-Forwarded-Method: " .. clean(r.method), "X-Forwarded-Uri: " .. clean(r.unparsed_uri) }
    for _, name in ipairs(PASSED_ON) do
        local value = r.headers_in[name]
        if value then request[#request + 1] = name .. ": " .. clean(value) end
    end
    local fine, status, headers = pcall(answer_to, table.concat(request, "\r\n") .. "\r\n\r\n")
    if not fine then
        line = nil
        r:err("Portvakt does not answer: " .. tostring(status))
        return 503
    end
    if status == 200 then
        for name, value in pairs(headers) do
            if name:match("^remote%-") then r.headers_in[name] = value end
        end
        return apache2.OK
    end
    if status == 302 then
        r.err_headers_out["Location"] = headers["location"]
        r.err_headers_out["Cache-Control"] = "no-store"
        return 302
    end
    if status == 401 then
        r.err_headers_out["WWW-Authenticate"] = headers["www-authenticate"]
        return 401
    end
    r:err("Portvakt answered " .. tostring(status))
    return 503
end
