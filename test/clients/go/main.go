// go-github's client for GitHub Enterprise, by TLS. Only its URLs and the token are set.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/google/go-github/github"
	"golang.org/x/oauth2"
)

func check(holds bool, seen ...interface{}) {
	if !holds {
		panic(fmt.Sprint(seen...))
	}
}

func asked(request string) int {
	response, err := http.Get(os.Getenv("GITHUB") + "/-/requests")
	check(err == nil, err)
	defer response.Body.Close()
	lines, err := io.ReadAll(response.Body)
	check(err == nil, err)
	return len(regexp.MustCompile("(?m)^"+request+"[ ?]").FindAll(lines, -1))
}

func main() {
	fmt.Println("go-github", github.Version)
	service, repo := os.Getenv("SERVICE"), os.Getenv("REPO")
	ctx := context.Background()
	token := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: os.Getenv("TOKEN")})
	client, err := github.NewEnterpriseClient(service, service, oauth2.NewClient(ctx, token))
	check(err == nil, err)

	names := map[string]bool{}
	options := &github.RepositoryListByOrgOptions{ListOptions: github.ListOptions{PerPage: 40}}
	for {
		page, response, err := client.Repositories.ListByOrg(ctx, "Netflix", options)
		check(err == nil, err)
		check(strings.Contains(response.Header.Get("Cache-Status"), "; hit"), response)
		check(response.Rate.Limit > 0, response.Rate)
		for _, each := range page {
			names[each.GetName()] = true
		}
		if response.NextPage == 0 {
			break
		}
		options.Page = response.NextPage
	}
	check(len(names) == 150, names)
	check(asked("GET /orgs/Netflix/repos") == 0, "asked for the stored list")

	for _, way := range []string{"fwd-status=200; stored", "; hit"} {
		found, response, err := client.Repositories.Get(ctx, "Netflix", repo)
		check(err == nil, err)
		check(found.GetName() == repo, found)
		check(strings.Contains(response.Header.Get("Cache-Status"), way), response)
	}
	check(asked("GET /repos/Netflix/"+repo) == 1, "asked twice")

	issue, _, err := client.Issues.Create(ctx, "Netflix", repo, &github.IssueRequest{Title: github.String("A")})
	check(err == nil, err)
	issues, _, err := client.Issues.ListByRepo(ctx, "Netflix", repo, nil)
	check(err == nil && issues[0].GetNumber() == issue.GetNumber(), issues, err)

	_, _, err = client.Repositories.Get(ctx, "Netflix", "none")
	check(strings.Contains(err.Error(), "404 Not Found"), err)
	request, err := client.NewRequest("GET", "view/top/0/stars", nil)
	check(err == nil, err)
	_, err = client.Do(ctx, request, nil)
	check(strings.Contains(err.Error(), os.Getenv("SENTENCE")), err)
}
