# Short names for what one does daily; .ci/run is what must pass.
.PHONY: run test race bench fuzz lint types

run:
	go run ./examples/contactcentre

test:
	go test ./...

race:
	go test -race ./...

bench:
	go test -run '^$$' -bench 'Forward|Join' -benchtime 1x -timeout 30m ./adapters/pionmedia
	go test -run '^$$' -bench Command ./adapters/bunstore

fuzz:
	go test -run '^$$' -fuzz FuzzCall -fuzztime 30s ./vi

lint:
	gofmt -l . && go vet ./... && go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

types:
	npx -y -p typescript@5 tsc -p adapters/webui
