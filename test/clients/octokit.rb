# octokit.rb, by TLS. Only api_endpoint and access_token are set.
require 'net/http'
require 'octokit'

puts "octokit.rb #{Octokit::VERSION}"
repo = "Netflix/#{ENV['REPO']}"
client = Octokit::Client.new(
  api_endpoint: "#{ENV['SERVICE']}/api/v3/", access_token: ENV['TOKEN'], auto_paginate: true, per_page: 100
)

def check(seen, expected)
  expected === seen or abort "#{caller(1, 1).first}: #{seen.inspect} is not #{expected.inspect}"
end

def asked(request)
  Net::HTTP.get(URI("#{ENV['GITHUB']}/-/requests")).lines.count { |line| line.match?(/^#{request}[ ?]/) }
end

def refusal
  yield
  nil
rescue Octokit::Error => e
  "#{e.class} #{e.message}"
end

way = -> { client.last_response.headers['cache-status'] }

check client.org_repos('Netflix').map(&:name).uniq.size, 150
check way.call, /; hit/
check asked('GET /orgs/Netflix/repos'), 0
check client.repo(repo).full_name, repo
check way.call, /; fwd=uri-miss; fwd-status=200; stored/
check client.repo(repo).rels[:self].href, "#{ENV['SERVICE']}/repos/#{repo}"
check way.call, /; hit/
check asked("GET /repos/#{repo}"), 1
check client.repo('Netflix/old-name').full_name, 'Netflix/Hystrix'
number = client.create_issue(repo, 'A title', 'A body').number
check client.last_response.headers['location'], "#{ENV['SERVICE']}/api/v3/repos/#{repo}/issues/#{number}"
check client.issues(repo).first.number, number
check refusal { client.repo('Netflix/none') }, /\AOctokit::NotFound .*404 - Not Found/
check refusal { client.get('/view/top/0/stars') }, /\AOctokit::BadRequest .*#{ENV['SENTENCE']}/
